# One image for all programs: compose.yaml says which one a container runs.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp

WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check -r requirements.txt

COPY . .
# What is written beside the code is written now: it runs with a file system that is read-only.
RUN DATA_DIR=/tmp/build python manage.py catalogs --compile \
    && python -m compileall -q . \
    && useradd --system --no-create-home --uid 10001 wazime \
    && install --directory --owner=wazime --mode=700 /data

USER wazime
ENV DATA_DIR=/data HOST=0.0.0.0
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["python", "manage.py"]
CMD ["start", "web"]
