from django.urls import path

from wazime_admin.team.views import links, people

app_name = "team"
urlpatterns = [
    path("team/", people.index, name="list"),
    path("team/<id:person_id>/", people.person, name="person"),
    path("team/<id:person_id>/role/", people.change_role, name="role"),
    path("team/<id:person_id>/deactivate/", people.deactivate, name="deactivate"),
    path("team/<id:person_id>/reactivate/", people.reactivate, name="reactivate"),
    path("team/<id:person_id>/password/", people.make_password_link, name="password"),
    path("team/invite/", people.invite, name="invite"),
    path("team/invitations/<id:invitation_id>/renew/", people.renew, name="renew"),
    path("team/invitations/<id:invitation_id>/revoke/", people.revoke, name="revoke"),
    path("audit/", people.audit, name="audit"),
    path("join/", links.join, name="join"),
    path("new-password/", links.new_password, name="new_password"),
]
