import phonenumbers
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from contacts.numbers import (
    Number,
    entered,
    folded,
    formatted,
    is_plausible,
    parse,
    search_term,
)

AREAS = st.sampled_from(["11", "21", "47", "55", "71", "91"])


def digits(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=length, max_size=length)


old_mobiles = st.builds("{}{}".format, st.sampled_from("6789"), digits(7))
landlines = st.builds("{}{}".format, st.sampled_from("2345"), digits(7))


# --- Comparing --------------------------------------------------------------------------------


@given(AREAS, old_mobiles)
def test_it_folds_a_mobile_with_and_without_the_ninth_digit_to_one_form(area, subscriber):
    assert folded("55", area + subscriber) == folded("55", f"{area}9{subscriber}")
    assert folded("55", area + subscriber) == f"55{area}9{subscriber}"


@given(AREAS, landlines)
def test_it_keeps_a_landline_apart_from_the_mobile_with_a_nine_before_it(area, subscriber):
    assert folded("55", area + subscriber) == f"55{area}{subscriber}"
    assert folded("55", area + subscriber) != folded("55", f"{area}9{subscriber}")


@given(AREAS, old_mobiles, old_mobiles)
def test_it_never_folds_two_people_into_one(area, one, other):
    same = folded("55", area + one) == folded("55", f"{area}9{other}")
    assert same == (one == other)


@given(st.sampled_from(["1", "351", "54", "34"]), digits(10))
def test_it_leaves_numbers_of_other_countries_as_they_are(code, mobile):
    assert folded(code, mobile) == code + mobile


@given(st.text(max_size=20), st.text(max_size=20))
def test_it_folds_anything_to_ascii_digits(code, mobile):
    assert not folded(code, mobile).strip("0123456789")


@given(AREAS, st.one_of(old_mobiles, landlines))
def test_it_folds_a_folded_number_to_itself(area, subscriber):
    once = folded("55", area + subscriber)
    assert folded("", once) == once


@pytest.mark.parametrize(
    ("code", "mobile"),
    [
        ("+55", "11 91234-5678"),
        ("0055", "(11) 91234.5678"),
        ("55", "011912345678"),
        ("", "5511912345678"),
        ("５５", "１１９１２３４５６７８"),
    ],
)
def test_it_folds_the_ways_of_writing_a_number_to_one(code, mobile):
    assert folded(code, mobile) == "5511912345678"


# --- Reading ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "+55 (11) 91234-5678",
        "5511912345678",
        "11 91234 5678",
        "(011) 91234-5678",
        "0 15 11 91234-5678",
        "0055 11 91234-5678",
        " Ana: +55 11 91234-5678 (casa)",
        "tel:+55-11-91234-5678",
        "https://wa.me/5511912345678",
        "+５５ １１ ９１２３４-５６７８",
        "\u202a+55 11 91234\u20115678\u202c",
    ],
)
def test_it_reads_what_people_paste(text):
    assert parse(text) == Number("55", "11912345678")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+55 11 8123-4567", Number("55", "1181234567")),
        ("551191234567", Number("55", "1191234567")),
        ("(11) 3333-4444", Number("55", "1133334444")),
        ("55 99123-4567", Number("55", "55991234567")),
        ("+1 415 555 2671", Number("1", "4155552671")),
        ("+39 06 1234 5678", Number("39", "0612345678")),
    ],
    ids=["old mobile", "old with country", "landline", "area 55", "abroad", "zero belongs to it"],
)
def test_it_reads_every_kind_of_number(text, number):
    assert parse(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Ana",
        "123",
        "11 81234-5678",
        "00 91234-5678",
        "1-800-FLOWERS",
        "5.51191E+12",
        "11 91234-5678 / 11 98888-7777",
        "11 91234-5678 ramal 12",
        "+999 123456789",
        "9" * 10_000,
    ],
)
def test_it_finds_no_number_where_there_is_not_exactly_one(text):
    assert parse(text) is None


def test_it_reads_numbers_without_a_country_as_the_regions():
    assert parse("0171 234 5678", region="GB") is None
    assert parse("07400 123456", region="GB") == Number("44", "7400123456")


@given(AREAS, st.one_of(old_mobiles, landlines, old_mobiles.map("9{}".format)))
def test_it_reads_back_every_number_that_it_shows(area, subscriber):
    assert parse(formatted("55", area + subscriber)) == Number("55", area + subscriber)


@given(st.text(max_size=40))
def test_it_reads_any_text_to_a_plausible_number_or_none(text):
    number = parse(text)
    assert number is None or is_plausible(number.mobile_code, number.mobile)


@given(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)))
def test_it_takes_the_numbers_of_every_country(region):
    example = phonenumbers.example_number(region)
    assume(example)
    national = phonenumbers.national_significant_number(example)
    assert is_plausible(str(example.country_code), national)


@pytest.mark.parametrize(
    ("code", "mobile", "number"),
    [
        ("55", "(11) 91234-5678", Number("55", "11912345678")),
        ("+55", "5511912345678", Number("55", "11912345678")),
        ("55", "55 99123-4567", Number("55", "55991234567")),
        ("55", "+1 415 555 2671", Number("1", "4155552671")),
        ("0044", "07400 123456", Number("44", "7400123456")),
        ("39", "06 1234 5678", Number("39", "0612345678")),
        ("55", "123", None),
        ("999", "11912345678", None),
        ("", "11912345678", None),
        ("9" * 5000, "11912345678", None),
    ],
)
def test_it_reads_a_number_typed_into_two_fields(code, mobile, number):
    assert entered(code, mobile) == number


@given(st.text(max_size=20), st.text(max_size=40))
def test_it_reads_any_two_fields(code, mobile):
    number = entered(code, mobile)
    assert number is None or is_plausible(number.mobile_code, number.mobile)


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("Ana", "Ana"),
        (" Rua 9 ", "Rua 9"),
        ("", ""),
        ("5678", "5678"),
        ("91234-5678", "912345678"),
        ("+55 11 91234-5678", "11912345678"),
        ("+55 (11) 98123-4567", "81234567"),
        ("11 8123-4567", "81234567"),
        ("+55 11 3333-4444", "1133334444"),
    ],
)
def test_it_searches_for_the_digits_that_every_way_of_writing_has(text, term):
    assert search_term(text) == term


# --- Showing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "mobile", "shown"),
    [
        ("55", "11912345678", "+55 11 91234-5678"),
        ("55", "1181234567", "+55 11 8123-4567"),
        ("55", "1133334444", "+55 11 3333-4444"),
        ("1", "4155552671", "+1 415-555-2671"),
        ("55", "123", "+55 123"),
        ("", "123", "123"),
        ("", "", ""),
    ],
)
def test_it_shows_a_number_as_people_read_it(code, mobile, shown):
    assert formatted(code, mobile) == shown


@given(st.text(max_size=30), st.text(max_size=30))
def test_it_shows_anything(code, mobile):
    assert isinstance(formatted(code, mobile), str)
