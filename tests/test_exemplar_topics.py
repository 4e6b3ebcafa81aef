"""Which topic a query is about."""

from popcorn_agents.tools.embedding import embed
from popcorn_agents.tools.exemplars import open_store
from popcorn_agents.tools.topics import bundled_tags, nearest_tags

QUERIES = {
    "Goku transformations": "Anime",
    "hip hop choreography in the rain": "Dance",
    "how to make fluffy pancakes": "Delicacy",
    "the saddest scene of Titanic explained": "Film & Television",
    "Minecraft castle build timelapse": "Gaming",
    "piano cover of a pop song": "Music",
    "last second three pointer basketball": "Sports",
    "ten minute abs workout at home": "Fitness",
    "natural makeup for beginners": "Beauty",
    "autumn outfit ideas with one coat": "Fashion",
    "a cheap weekend in Lisbon": "Travel",
    "a parrot that talks back": "Pets & Animals",
    "grandpa teaches me to fish": "Family",
    "drifting a vintage sports car": "Cars",
    "a wooden chair from pallets": "DIY & Crafts",
    "how to fall asleep faster": "Health",
    "first date advice": "Relationships",
    "unboxing a foldable phone": "Technology",
}


def test_the_bundled_tags_are_those_of_the_starter_set() -> None:
    assert sorted(bundled_tags()) == open_store("starter").tag_names()


def test_most_queries_find_their_topic_and_nearly_all_among_two() -> None:
    store = open_store("starter")
    ranked = [nearest_tags(vector, store.contents.tags)[:2] for vector in embed(list(QUERIES))]
    names = store.tag_names()
    first = [names[tags[0]] == topic for tags, topic in zip(ranked, QUERIES.values(), strict=True)]
    either = [topic in {names[tag] for tag in tags} for tags, topic in zip(ranked, QUERIES.values(), strict=True)]
    assert sum(first) >= 15
    assert sum(either) >= 17
