"""A believable account: the customers of a small shop in São Paulo. The same on every start."""

import itertools
import json
import random
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.store import search_text, timestamp

BELIEVABLE = 120
CONVERSATIONS = 60
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0

ACCOUNTS = [("Casa Aurora", "5511940028922"), ("Casa Aurora Entregas", "5511940028933")]
TAGS = ["VIP", "Novo cliente", "Atacado", "Inadimplente", "Aniversariante", "Reclamação"]
LISTS = ["Newsletter", "Promoções de inverno", "Clientes da loja física", "Pós-venda"]
CTA_URLS = [
    ("Acompanhar pedido", "https://casa-aurora.example/pedidos"),
    ("Ver catálogo", "https://casa-aurora.example/catalogo"),
    ("Agendar visita", "https://casa-aurora.example/agenda"),
]
INTERACTIVE_LISTS = [
    ("Assunto do atendimento", ["Pedido", "Troca", "Pagamento", "Outro"]),
    ("Horário de entrega", ["Manhã", "Tarde", "Noite"]),
]

# City, state, area code, post code prefix.
CITIES = [
    ("São Paulo", "SP", "11", "013"),
    ("Guarulhos", "SP", "11", "070"),
    ("Campinas", "SP", "19", "130"),
    ("Santos", "SP", "13", "110"),
    ("Ribeirão Preto", "SP", "16", "140"),
    ("Rio de Janeiro", "RJ", "21", "200"),
    ("Niterói", "RJ", "21", "240"),
    ("Belo Horizonte", "MG", "31", "301"),
    ("Uberlândia", "MG", "34", "384"),
    ("Curitiba", "PR", "41", "800"),
    ("Londrina", "PR", "43", "860"),
    ("Florianópolis", "SC", "48", "880"),
    ("Porto Alegre", "RS", "51", "900"),
    ("Salvador", "BA", "71", "400"),
    ("Recife", "PE", "81", "500"),
    ("Fortaleza", "CE", "85", "600"),
    ("Brasília", "DF", "61", "700"),
    ("Goiânia", "GO", "62", "740"),
    ("Manaus", "AM", "92", "690"),
    ("Belém", "PA", "91", "660"),
]
STREETS = [
    "Rua das Flores",
    "Avenida Brasil",
    "Rua XV de Novembro",
    "Rua Sete de Setembro",
    "Avenida Getúlio Vargas",
    "Rua São João",
    "Travessa do Comércio",
    "Alameda Santos",
    "Rua Dom Pedro II",
    "Avenida Beira-Mar",
]
FIRST_NAMES = """
Ana Beatriz Bruno Caio Camila Carlos Carolina Cecília Daniel Débora Diego Eduarda Eduardo Fábio
Felipe Fernanda Flávia Gabriel Gabriela Guilherme Gustavo Heitor Helena Henrique Igor Isabela
Ivan João Joana Jorge José Júlia Juliana Larissa Laura Leandro Letícia Lívia Lucas Luana Luís
Luíza Manuela Marcelo Márcia Marcos Mariana Marina Mateus Maurício Miguel Mônica Natália Nicolas
Otávio Patrícia Paula Pedro Priscila Rafael Rafaela Renata Ricardo Roberto Rodrigo Rosângela
Samuel Sandra Sérgio Simone Sofia Tatiane Thaís Thiago Valéria Vanessa Vinícius Vitória Wagner
Yasmin
"""
LAST_NAMES = """
Almeida Alves Andrade Araújo Barbosa Barros Batista Cardoso Carvalho Castro Cavalcanti Conceição
Correia Costa Cunha Dias Duarte Fernandes Ferreira Freitas Gomes Gonçalves Lima Lopes Machado
Marques Martins Medeiros Melo Mendes Monteiro Moraes Moreira Nascimento Nogueira Nunes Oliveira
Pereira Pinto Ramos Rezende Ribeiro Rocha Rodrigues Sampaio Santana Santos Silva Siqueira Soares
Souza Teixeira Vasconcelos Vieira
"""
# The names and numbers that programs trip over: firstname, lastname, code, mobile.
SPECIAL_CONTACTS = [
    ("Ana", "Souza", "55", "11912345678"),
    ("Zé 🎉", "da Silva 🇧🇷", "55", "11987650001"),
    ("👩🏽‍🍳", "Dona Lurdes", "55", "2187650002"),
    ("محمد", "عبد الله", "55", "11987650003"),
    ("שרה", "כהן", "55", "41987650004"),
    ("<b>Marcos</b>", "<i>Negrito</i>", "55", "31987650005"),
    ("<script>alert(1)</script>", "Teste", "55", "51987650006"),
    ("Pedro de Alcântara Francisco Antônio João", "Carlos Xavier de Paula Miguel Rafael Joa", "55",
     "2187650007"),
    ("Wolfeschlegelsteinhausenbergerdorffwelch", "Sobrenomesemnenhumespacoparaquebrarlinha", "55",
     "11987650008"),
    ("O'Neill & Filhos", "\"Aspas\" 100%", "55", "85987650009"),
    ("{{ 7 * 7 }}", "${jndi}", "55", "61987650010"),
    ("Lojão", "Atacado Ltda.", "55", "1133334444"),
    ("Maria", "Conceição", "55", "7198765012"),
    ("John", "Miller", "1", "4155550132"),
    ("Sofía", "Gutiérrez", "54", "91123456789"),
    ("Joaquim", "Figueiredo", "351", "912345678"),
    ("Hans", "Müller", "49", "15112345678"),
    ("Yuki", "田中", "81", "9012345678"),
    ("Rahim", "Uddin", "880", "1712345678"),
]  # fmt: skip
# Person: the contact's id (None: a conversation without a contact), code, mobile.
Person = tuple[int | None, str, str]
STATUSES = (4, 2, 0, 2, 3, 1, 1, 2, 4, 0)
BLOCKED = {12, 33, 57, 88}
WITHOUT_CONTACT = [("55", "11955550101"), ("55", "2196665102")]

# What the shop wrote begins with a greater-than sign.
TALKS = [
    ["Oi! Vocês têm o vestido azul no tamanho M?", "> Temos sim! Quer que eu separe?"],
    [
        "Bom dia, meu pedido 4821 ainda não chegou 😕",
        "> Bom dia! Vou verificar com a entrega.",
        "> Saiu hoje cedo, chega até as 18h.",
        "Obrigada!!",
    ],
    ["Qual o horário de vocês no sábado?", "> Das 9h às 14h."],
    [
        "Posso trocar um presente sem a nota?",
        "> Pode, em até 30 dias, com a etiqueta.",
        "Perfeito, passo aí amanhã",
    ],
    ["Fiz o pix agora, conseguem confirmar?", "> Confirmado! Já vamos embalar.", "👏👏👏"],
    ["Vocês entregam em Niterói?"],
    ["Quero falar com um atendente", "> Olá! Sou a Júlia, como posso ajudar?"],
    [
        "A camisa veio com defeito na costura. Quero meu dinheiro de volta.",
        "> Sentimos muito! Pode nos mandar uma foto?",
        "Mando já",
    ],
    ["Esse preço é à vista?\nE parcelado em quantas vezes?", "> Até 6x sem juros no cartão."],
    ["مرحبا، هل لديكم مقاس كبير؟"],
    ["<b>Promoção</b> ainda vale? <script>alert('oi')</script>"],
    ["Boa tarde! " + "Gostaria de um orçamento bem detalhado para um evento. " * 12],
]
NOTES = [
    "Cliente prefere ser atendida à tarde.",
    "Aguardando foto do defeito.",
    "Pediu orçamento para 40 peças 👗",
    "Já ligou duas vezes. Prioridade!",
    "<b>Atenção</b>: <script>alert('nota')</script> confirmar endereço",
    "ملاحظة: يفضل الرسائل الصوتية",
    "Devolução aprovada pela gerência em 12/03.\nDepositar na mesma conta.",
    "Nota comprida: " + "o cliente contou a história toda do pedido, " * 20,
]


def fill(db: sqlite3.Connection, born: float, contacts: int) -> None:
    """Writes the data set into an empty database; `born` (epoch) is its now.

    contacts: at least so many; those beyond the believable ones have neither address nor talk.
    """
    chance = random.Random(20260701)  # noqa: S311 - it is to be the same every time
    _insert(db, "whatsapp_account", [{"name": name, "number": number} for name, number in ACCOUNTS])
    _insert(db, "tag", [{"name": name} for name in TAGS])
    _insert(db, "list", [{"name": name} for name in LISTS])
    _insert(db, "cta_url", [{"name": name, "url": url} for name, url in CTA_URLS])
    lists = [{"name": name, "options": json.dumps(options)} for name, options in INTERACTIVE_LISTS]
    _insert(db, "interactive_list", lists)
    _fill_templates(db, born)
    _fill_contacts(db, chance, born, max(contacts, BELIEVABLE))
    _fill_conversations(db, chance, born)


def _insert(db: sqlite3.Connection, table: str, rows: Iterable[dict[str, Any]]) -> None:
    """All rows have the same columns."""
    rows = iter(rows)
    for first in rows:
        names, marks = ", ".join(first), ", ".join(f":{name}" for name in first)
        sql = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - our own names
        db.executemany(sql, itertools.chain([first], rows))


def _fill_contacts(db: sqlite3.Connection, chance: random.Random, born: float, count: int) -> None:
    # The newest came three hours ago, the oldest about three years ago or less.
    gap = min(31 * HOUR, 3 * 365 * DAY / count)

    def rows() -> Iterator[dict[str, Any]]:
        for position, contact in enumerate(itertools.islice(_contacts(chance), count)):
            created = timestamp(int(born - 3 * HOUR - (count - 1 - position) * gap))
            yield {**contact, "created_at": created, "updated_at": created}

    _insert(db, "contact", rows())
    found = db.execute("SELECT id, firstname, lastname, mobile FROM contact").fetchall()
    texts = ({"rowid": row["id"], "folded": search_text(*tuple(row)[1:])} for row in found)
    _insert(db, "contact_search", texts)
    for contact_id in range(1, BELIEVABLE + 1):
        for table, many in (("tag", len(TAGS)), ("list", len(LISTS))):
            chosen = chance.sample(range(1, many + 1), chance.choice([0, 0, 1, 2]))
            links = [{"contact_id": contact_id, f"{table}_id": each} for each in chosen]
            _insert(db, f"contact_{table}", links)


def _contacts(chance: random.Random) -> Iterator[dict[str, Any]]:
    """Endless; every sixth of the first ones is special."""
    firstnames, lastnames = FIRST_NAMES.split(), LAST_NAMES.split()
    for position in itertools.count():
        contact = {
            "firstname": chance.choice(firstnames),
            "lastname": chance.choice(lastnames),
            "mobile_code": "55",
            "is_blocked": position in BLOCKED,
        }
        city, state, area, prefix = chance.choice(CITIES)
        contact |= {"mobile": _mobile(area, position)}
        contact |= dict.fromkeys(("city", "state", "post_code", "address"), "")
        if position % 6 == 5 and position // 6 < len(SPECIAL_CONTACTS):
            special = SPECIAL_CONTACTS[position // 6]
            contact |= zip(("firstname", "lastname", "mobile_code", "mobile"), special, strict=True)
        elif position < BELIEVABLE and chance.random() < 0.7:
            post_code = f"{prefix}{chance.randint(0, 99):02}-{chance.randint(0, 999):03}"
            address = f"{chance.choice(STREETS)}, {chance.randint(1, 2400)}"
            contact |= {"city": city, "state": state, "post_code": post_code, "address": address}
        yield contact


def _mobile(area: str, position: int) -> str:
    """A mobile of its own for each position; one in seven in the old form of eight digits."""
    # Multiplying by a number prime to the range scatters the positions over it, none twice.
    subscriber = 60_000_000 + position * 24_157_817 % 40_000_000
    ninth = "" if position % 7 == 3 else "9"
    return f"{area}{ninth}{subscriber}"


def _fill_conversations(db: sqlite3.Connection, chance: random.Random, born: float) -> None:
    """Newest first by minutes, then by hours and days, as an inbox is."""
    sql = "SELECT id, mobile_code, mobile FROM contact WHERE id <= ? AND NOT is_blocked"
    people: list[Person] = [tuple(row) for row in db.execute(sql, (BELIEVABLE,))]
    numbers = {(code, mobile) for _, _, code, mobile in SPECIAL_CONTACTS}
    special = [person for person in people if person[1:] in numbers]
    others = [person for person in people if person[1:] not in numbers]
    chosen = special + chance.sample(others, CONVERSATIONS - len(special) - len(WITHOUT_CONTACT))
    chosen += [(None, code, mobile) for code, mobile in WITHOUT_CONTACT]
    chance.shuffle(chosen)
    moment, planned = born - 7 * MINUTE, []
    for position, (person, talk) in enumerate(zip(chosen, itertools.cycle(TALKS))):
        planned.append((int(moment), STATUSES[position % len(STATUSES)], person, talk))
        moment -= chance.uniform(4 * MINUTE, 50 * MINUTE) * (1 + position**1.6 / 12)
    for plan in reversed(planned):  # the oldest has the smallest id
        _fill_conversation(db, chance, *plan)


def _fill_conversation(
    db: sqlite3.Connection,
    chance: random.Random,
    last: int,
    status: int,
    person: Person,
    talk: list[str],
) -> None:
    contact_id, code, mobile = person
    gaps = [chance.randint(40, 1500) for _ in talk[1:]]
    moments = [last - sum(gaps[i:]) for i in range(len(talk))]
    account = chance.choice([1, 1, 1, 1, 2])
    conversation = {
        "contact_id": contact_id,
        "mobile_code": code,
        "mobile": mobile,
        "status": status,
        "last_message_at": timestamp(last),
        "whatsapp_account_id": account,
        "needs_human_reply": status == 4,
        "created_at": timestamp(moments[0]),
        "updated_at": timestamp(last),
    }
    _insert(db, "conversation", [conversation])
    conversation_id = db.execute("SELECT max(id) FROM conversation").fetchone()[0]
    for said, moment in zip(talk, moments, strict=True):
        outgoing = said.startswith("> ")
        message = {
            "seeded": True,
            "outgoing": outgoing,
            "conversation_id": conversation_id,
            "mobile_code": code,
            "mobile": mobile,
            "number": code + mobile,
            "kind": "text",
            "text": said.removeprefix("> ").strip(),
            "from_number": ACCOUNTS[account - 1][1] if outgoing else None,
            "started": moment,
            "finished": moment,
        }
        _insert(db, "message", [message])
    for text in chance.sample(NOTES, chance.choice([0, 0, 1, 2])):
        note = {"note": text, "created_at": timestamp(last - chance.randint(0, 900))}
        _insert(db, "note", [{"conversation_id": conversation_id, **note}])


def _fill_templates(db: sqlite3.Connection, born: float) -> None:
    columns = dict.fromkeys(("header_format", "header", "footer", "buttons", "rejected_reason"))
    for position, template in enumerate(TEMPLATES):
        row = {**columns, "category_id": 1, **template}
        for name in ("header", "body", "buttons"):
            row[name] = json.dumps(row[name]) if row[name] else None
        row["created_at"] = timestamp(int(born - (len(TEMPLATES) - position) * 9 * DAY))
        _insert(db, "template", [row])


PENDING, APPROVED, REJECTED, DISABLED = 0, 1, 2, 3
TEMPLATES: list[dict[str, Any]] = [
    {
        "name": "boas_vindas",
        "status": APPROVED,
        "body": {"text": "Olá {{1}}, que bom ter você na Casa Aurora! Como podemos ajudar?"},
        "footer": "Casa Aurora",
    },
    {
        "name": "pedido_enviado",
        "status": APPROVED,
        "category_id": 2,
        "header_format": "TEXT",
        "header": {"format": "TEXT", "text": "Pedido {{1}} a caminho"},
        "body": {"text": "Oi {{1}}! Seu pedido saiu para entrega e chega até {{2}}."},
        "footer": "Não responda a esta mensagem",
        "buttons": [
            {
                "type": "URL",
                "text": "Acompanhar",
                "url": "https://casa-aurora.example/pedidos/{{1}}",
            }
        ],
    },
    {
        "name": "lembrete_pagamento",
        "status": APPROVED,
        "category_id": 2,
        "body": {"text": "Oi {{1}}, o boleto de R$ {{2}} vence em {{3}}.\nJá pagou? Desconsidere."},
        "buttons": [
            {"type": "QUICK_REPLY", "text": "Já paguei"},
            {"type": "QUICK_REPLY", "text": "Quero a segunda via"},
        ],
    },
    {
        "name": "aviso_horario",
        "status": APPROVED,
        "category_id": 2,
        "body": {"text": "Neste sábado abriremos das 9h às 14h. Esperamos a sua visita! 🌻"},
    },
    {
        "name": "promocao_inverno",
        "status": PENDING,
        "header_format": "IMAGE",
        "header": {"format": "IMAGE"},
        "body": {"text": "{{1}}, a coleção de inverno chegou com até 40% de desconto."},
        "footer": "Responda SAIR para não receber mais",
        "buttons": [{"type": "PHONE_NUMBER", "text": "Ligar", "phone_number": "+5511940028922"}],
    },
    {
        "name": "ganhe_dinheiro",
        "status": REJECTED,
        "body": {"text": "Ganhe dinheiro AGORA clicando aqui!!!"},
        "rejected_reason": "INVALID_FORMAT: o texto não segue as políticas do WhatsApp Business",
    },
    {
        "name": "aniversario",
        "status": DISABLED,
        "body": {"text": "Feliz aniversário, {{1}}! 🎂 Seu presente: 15% na próxima compra."},
    },
    {
        "name": "pesquisa_satisfacao",
        "status": APPROVED,
        "body": {"text": "De 0 a 10, o quanto você recomendaria a <b>Casa Aurora</b>?"},
        "footer": "Leva um minuto",
        "buttons": [
            {"type": "QUICK_REPLY", "text": "9 ou 10"},
            {"type": "QUICK_REPLY", "text": "7 ou 8"},
            {"type": "QUICK_REPLY", "text": "Até 6"},
        ],
    },
]
