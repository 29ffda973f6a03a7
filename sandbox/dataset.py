"""A believable account: the customers of a small shop in São Paulo. The same on every start."""

import itertools
import json
import random
import sqlite3
from collections.abc import Iterator
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
BLOCKED = {12, 33, 57, 88}
WITHOUT_CONTACT = [("55", "11955550101"), ("55", "2196665102")]

TALKS = [
    ["Oi! Vocês têm o vestido azul no tamanho M?", "Temos sim! Quer que eu separe para você?"],
    ["Bom dia, meu pedido 4821 ainda não chegou 😕", "Bom dia! Vou verificar com a entrega.",
     "Saiu hoje cedo, chega até as 18h.", "Obrigada!!"],
    ["Qual o horário de vocês no sábado?", "Das 9h às 14h."],
    ["Posso trocar um presente sem a nota?", "Pode, em até 30 dias, com a etiqueta.",
     "Perfeito, passo aí amanhã"],
    ["Fiz o pix agora, conseguem confirmar?", "Confirmado! Já vamos embalar.", "👏👏👏"],
    ["Vocês entregam em Niterói?"],
    ["Quero falar com um atendente", "Olá! Sou a Júlia, como posso ajudar?"],
    ["A camisa veio com defeito na costura. Quero meu dinheiro de volta.",
     "Sentimos muito! Pode nos mandar uma foto?", "Mando já"],
    ["Esse preço é à vista?\nE parcelado em quantas vezes?", "Até 6x sem juros no cartão."],
    ["مرحبا، هل لديكم مقاس كبير؟"],
    ["<b>Promoção</b> ainda vale? <script>alert('oi')</script>"],
    ["Boa tarde! " + "Gostaria de um orçamento bem detalhado para um evento. " * 12],
]  # fmt: skip
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
    _insert(db, "whatsapp_account", ("name", "number"), ACCOUNTS)
    _insert(db, "tag", ("name",), [(name,) for name in TAGS])
    _insert(db, "list", ("name",), [(name,) for name in LISTS])
    _insert(db, "cta_url", ("name", "url"), CTA_URLS)
    _insert(
        db,
        "interactive_list",
        ("name", "options"),
        [(name, json.dumps(options)) for name, options in INTERACTIVE_LISTS],
    )
    _fill_templates(db, born)
    _fill_contacts(db, chance, born, max(contacts, BELIEVABLE))
    _fill_conversations(db, chance, born)


def _insert(db: sqlite3.Connection, table: str, names: tuple[str, ...], rows: Any) -> None:
    marks = ", ".join("?" * len(names))
    sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 - our names
    db.executemany(sql, rows)


def _fill_contacts(db: sqlite3.Connection, chance: random.Random, born: float, count: int) -> None:
    names = [
        "firstname",
        "lastname",
        "mobile_code",
        "mobile",
        "is_blocked",
        "city",
        "state",
        "post_code",
        "address",
        "created_at",
        "updated_at",
    ]
    generated = itertools.islice(_contacts(chance), count)

    def rows() -> Iterator[tuple[Any, ...]]:
        for position, values in enumerate(generated):
            # The newest came three hours ago, the oldest of the believable ones months ago.
            created = timestamp(
                int(born - 3 * HOUR - (count - position) * min(31 * HOUR, 9e7 / count))
            )
            yield *values, created, created

    _insert(db, "contact", tuple(names), rows())
    texts = (
        (row["id"], search_text(row["firstname"], row["lastname"], row["mobile"]))
        for row in db.execute("SELECT id, firstname, lastname, mobile FROM contact").fetchall()
    )
    _insert(db, "contact_search", ("rowid", "folded"), texts)
    everyone = range(1, BELIEVABLE + 1)
    tagged = [
        (c, t) for c in everyone for t in chance.sample(range(1, 7), chance.choice([0, 1, 2]))
    ]
    listed = [
        (c, i) for c in everyone for i in chance.sample(range(1, 5), chance.choice([0, 0, 1, 2]))
    ]
    _insert(db, "contact_tag", ("contact_id", "tag_id"), tagged)
    _insert(db, "contact_list", ("contact_id", "list_id"), listed)


def _contacts(chance: random.Random) -> Iterator[tuple[Any, ...]]:
    """Endless: name, number, blocked, address."""
    for position in itertools.count():
        city, state, area, prefix = chance.choice(CITIES)
        if position % 6 == 5 and position // 6 < len(SPECIAL_CONTACTS):
            yield *SPECIAL_CONTACTS[position // 6], 0, "", "", "", ""
            continue
        first, last = chance.choice(FIRST_NAMES.split()), chance.choice(LAST_NAMES.split())
        mobile = _mobile(area, position)
        blocked = int(position in BLOCKED)
        address = ("", "", "", "")
        if position < BELIEVABLE and chance.random() < 0.7:
            street = f"{chance.choice(STREETS)}, {chance.randint(1, 2400)}"
            post_code = f"{prefix}{chance.randint(0, 99):02}-{chance.randint(0, 999):03}"
            address = (city, state, post_code, street)
        yield first, last, "55", mobile, blocked, *address


def _mobile(area: str, position: int) -> str:
    """A mobile of its own for each position; one in seven in the old form of eight digits."""
    # Multiplying by a number prime to the range scatters the positions over it, none twice.
    subscriber = 60_000_000 + position * 24_157_817 % 40_000_000
    ninth = "" if position % 7 == 3 else "9"
    return f"{area}{ninth}{subscriber}"


def _fill_conversations(db: sqlite3.Connection, chance: random.Random, born: float) -> None:
    """Newest first by minutes, then by hours and days, as an inbox is."""
    found = db.execute(
        "SELECT id, mobile_code, mobile FROM contact WHERE id <= ? AND NOT is_blocked",
        (BELIEVABLE,),
    ).fetchall()
    people: list[tuple[int | None, str, str]] = [tuple(row) for row in found]
    numbers = {(code, mobile) for _, _, code, mobile in SPECIAL_CONTACTS}
    special = [person for person in people if person[1:] in numbers]
    others = [p for p in people if p not in special]
    chosen = special + chance.sample(others, CONVERSATIONS - len(special) - len(WITHOUT_CONTACT))
    chosen += [(None, code, mobile) for code, mobile in WITHOUT_CONTACT]
    chance.shuffle(chosen)
    moment = born - 7 * MINUTE
    talks = itertools.cycle(TALKS)
    planned = []
    for position, person in enumerate(chosen):
        planned.append((int(moment), position, person, next(talks)))
        moment -= chance.uniform(4 * MINUTE, 50 * MINUTE) * (1 + position**1.6 / 12)
    for plan in reversed(planned):  # the oldest has the smallest id
        _fill_conversation(db, chance, *plan)


def _fill_conversation(
    db: sqlite3.Connection,
    chance: random.Random,
    last: int,
    position: int,
    person: tuple[int | None, str, str],
    talk: list[str],
) -> None:
    contact_id, code, mobile = person
    gaps = [chance.randint(40, 1500) for _ in talk[1:]]
    moments = [last - sum(gaps[i:]) for i in range(len(talk))]
    status = (4, 2, 0, 2, 3, 1, 1, 2, 4, 0)[position % 10]
    account = 1 if position % 5 else 2
    begun = timestamp(moments[0])
    cursor = db.execute(
        "INSERT INTO conversation (contact_id, mobile_code, mobile, status, last_message_at, "
        "whatsapp_account_id, needs_human_reply, created_at, updated_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (contact_id, code, mobile, status, timestamp(last), account, int(status == 4), begun,
         timestamp(last)),
    )  # fmt: skip
    conversation_id = cursor.lastrowid
    sender = ACCOUNTS[account - 1][1]
    messages = [
        (1, i % 2, conversation_id, code, mobile, code + mobile, "text", text.strip(),
         sender if i % 2 else None, moment, moment)
        for i, (text, moment) in enumerate(zip(talk, moments, strict=True))
    ]  # fmt: skip
    names = [
        "seeded",
        "outgoing",
        "conversation_id",
        "mobile_code",
        "mobile",
        "number",
        "kind",
        "text",
        "from_number",
        "started",
        "finished",
    ]
    _insert(db, "message", tuple(names), messages)
    notes = chance.sample(NOTES, chance.choice([0, 0, 1, 2]))
    rows = [(conversation_id, note, timestamp(last + 30 * n)) for n, note in enumerate(notes)]
    _insert(db, "note", ("conversation_id", "note", "created_at"), rows)


def _fill_templates(db: sqlite3.Connection, born: float) -> None:
    names = [
        "name",
        "status",
        "category_id",
        "header_format",
        "header",
        "body",
        "footer",
        "buttons",
        "rejected_reason",
        "created_at",
    ]
    rows = []
    for position, template in enumerate(TEMPLATES):
        encoded = {
            name: json.dumps(template[name]) if template.get(name) is not None else None
            for name in ("header", "body", "buttons")
        }
        created = timestamp(int(born - (len(TEMPLATES) - position) * 9 * DAY))
        values = {"category_id": 1, **template, **encoded, "created_at": created}
        rows.append(tuple(values.get(name) for name in names))
    _insert(db, "template", tuple(names), rows)


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
