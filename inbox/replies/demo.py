"""The replies with which a demo begins."""

from inbox.replies.models import SavedReply

REPLIES = {
    "saudacao": "Olá, {first_name}! Aqui é {agent}. Como posso ajudar?",
    "aguarde": "{first_name}, só um momento: vou verificar e já respondo.",
    "saiu": (
        "Boa notícia, {first_name}! Seu pedido saiu para entrega e chega até as 18h. "
        "Alguém pode receber?"
    ),
    "endereco": "Pode confirmar o endereço de entrega, com CEP e um ponto de referência?",
    "horario": (
        "Nosso horário:\nSegunda a sexta, das 9h às 18h\nSábado, das 9h às 13h\n"
        "Fora dele, respondemos na próxima manhã."
    ),
    "pix": (
        "Nossa chave Pix é o e-mail *financeiro@example.com*. "
        "Depois de pagar, mande o comprovante por aqui, {first_name}."
    ),
    "troca": (
        "Sem problema, {first_name}. A primeira troca é grátis em até 30 dias: "
        "mande uma foto do produto e o número do pedido, e eu abro a solicitação."
    ),
    "obrigado": "Obrigado pelo contato, {first_name}! Precisando, é só chamar. 😊",
}


def seed_demo_replies() -> None:
    """Make those that are missing; what somebody has changed stays."""
    for shortcut, text in REPLIES.items():
        SavedReply.objects.get_or_create(owner=None, shortcut=shortcut, defaults={"text": text})
