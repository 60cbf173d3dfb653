from fer_edge import zoo
from fer_edge.release import model_card, publish


def test_the_card_names_further_data_and_what_it_may_be_used_for() -> None:
    card = zoo.find("nano").card
    further = {"press": {"digest": "abc", "share": 0.3, "license": "research alone"}}
    card["data"] = card["data"] | {"sources": further}
    said = model_card.markdown(card)
    assert "press, 30 % of each batch" in said
    assert "research alone" in said
    assert publish.licenses(card["data"])["press"] == "research alone"


def test_the_card_names_the_command_of_a_file_with_changed_predictions() -> None:
    card = zoo.find("nano").card
    change = {"blend": 0.2, "prior": "uniform", "prior_exponent": 0.25}
    balanced = card["files"]["ferplus_int8"] | {"reweighting": change}
    card["files"] = card["files"] | {"balanced_int8": balanced}
    said = model_card.markdown(card)
    assert "## ferplus labels, int8, balanced_int8\n" in said
    assert "--head ferplus --blend 0.2 --prior uniform --prior-exponent 0.25" in said
