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
