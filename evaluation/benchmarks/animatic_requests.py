"""Twenty queries with titles and prompts as models write them: what the animatic is looked at and measured on."""

from typing import NamedTuple


class Written(NamedTuple):
    """A query and what was written for it."""

    query: str
    title: str
    prompt: str
    cover_prompt: str


# All but the last two were written by the embedded model, the last two in the manner of larger ones.
TWENTY: tuple[Written, ...] = (
    Written(
        "Goku transformations",
        "Goku's Transformation",
        ("Goku transforms into a giant green dragon with wings and scales on his back. The camera circles around."),
        (
            "Close-up of Goku transforms into a giant griffon after defeating the demon Zarathustra in a "
            "battle between the two monsters."
        ),
    ),
    Written(
        "how to make ramen at home",
        "How to Make a Ramen at Home",
        (
            "To make ramen at home, you need to prepare your own ingredients and use them wisely. The camera "
            "circles around."
        ),
        "Close-up of the kitchen makes ramen at home.",
    ),
    Written(
        "street food at night",
        "Street Food at Night",
        (
            "Street food at night: the smell of sizzling hot dogs and crispy waffles fills the air as a "
            "street vendor strolls down the alleyway, his eyes twinkling with joy. The camera circles around."
        ),
        (
            "Close-up of the scene: Street food at night: the smell of sizzling hot dogs and crispy waffles "
            "fills the air as a street vendor strolls down the alleyway, his eyes twinkling with joy."
        ),
    ),
    Written(
        "a day in my life as a nurse",
        "A Day in My Life as a Nurse",
        (
            "A day in my life as a nurse: i woke up to find myself in a hospital bed, surrounded by a sea of "
            "nurses and doctors. The camera circles around."
        ),
        (
            "Close-up of the scene: A day in my life as a nurse: i woke up to find myself in a hospital bed, "
            "surrounded by a sea of nurses and doctors."
        ),
    ),
    Written(
        "morning routine of a student",
        "A Morning Routine of a Student's Day",
        (
            "The morning routine is always about waking up and enjoying the beauty of the sunrise. The camera "
            "circles around."
        ),
        "Close-up of a child's morning routine in the classroom.",
    ),
    Written(
        "The Godfather ending explained",
        "In the End of the Godfather",
        (
            "The Godfather ends with a final flourish as the last car crashes into the head of the last "
            "victim. The camera circles around."
        ),
        "Close-up of the end of the film, Godfather Part II, in which the final scene is set.",
    ),
    Written(
        '"I am your father" scene from Star Wars',
        "In the Star Wars Episode II Darth Vader Movie",
        (
            '"I am your father" scene from Star Wars: in a small spaceship, you are your father\'s son. The '
            "camera circles around."
        ),
        "Close-up of the Star Wars universe, I'm your father.",
    ),
    Written(
        "Minecraft speedrun world record",
        "Minecraft SpeedRun World Record",
        "The fastest Minecraft speedrunning game ever recorded is 24. The camera circles around.",
        "Close-up of Minecraft Speedrun World Record.",
    ),
    Written(
        "Elden Ring boss fight",
        "Elden Ring Boss Fight",
        (
            "Elder Ring, a legendary dragon with scales of gold and fire, battled against a group of dwarves "
            "who had been watching him for many years. The camera circles around."
        ),
        ("Close-up of a large and fierce Elden Ring, a battle between the two, a fight that lasted for 24 hours."),
    ),
    Written(
        "feeling nostalgic",
        "Feeling Nostalgia for a Bridge",
        (
            "I feel so happy and grateful for everything I've ever had, but also sad about all the things "
            "that have happened to me over the years. The camera circles around."
        ),
        (
            "Close-up of the scene: I feel so happy and grateful for everything I've ever had, but also sad "
            "about all the things that have happened to me over the years."
        ),
    ),
    Written(
        "why does inflation make everything expensive",
        "Why Inflation Makes Everything Expensive",
        (
            "Why does inflation make everything expensive: the government decides to increase taxes on "
            "everyone, and it's all about making things more affordable. The camera circles around."
        ),
        (
            "Close-up of the scene: Why does inflation make everything expensive: the government decides to "
            "increase taxes on everyone, and it's all about making things more affordable."
        ),
    ),
    Written(
        "🐶🛹",
        "🐶🛹",
        (
            "🐶🛹: the moon rises over a city and lights up a street with a small wooden figure, making it seem "
            "like a dream come true. The camera circles around."
        ),
        (
            "Close-up of the scene: 🐶🛹: the moon rises over a city and lights up a street with a small wooden "
            "figure, making it seem like a dream come true."
        ),
    ),
    Written(
        "cómo hacer tortilla de patatas",
        "In the Art of Tortillas",
        (
            "Coming from a Mexican street, a tortilla of black and red is made by a local baker using a "
            "mixture of flour, butter, salt, and other ingredients to create the perfect pati. The camera "
            "circles around."
        ),
        "Close-up of mafa es un toque de patatas en el taco, una sola y a la nueva alimentopetra.",
    ),
    Written(
        "cats",
        "A Cat's Tale of Two Cities",
        (
            "Cats are very smart and can be quite loyal, but they also have their own unique personalities. "
            "The camera circles around."
        ),
        "Close-up of a cat in the middle of a street, light brown, fluffy tail, sunny day after dark.",
    ),
    Written(
        "thrift store makeover under 20 dollars",
        "Thrift Store Makeover Under 20 Dollars",
        (
            "Thrift store makeover under 20 dollars: the thrift store makes an offer for a new home and "
            "decides to transform it into a luxury shopping mall with a modern faux-brick facade. The camera "
            "circles around."
        ),
        "Close-up of a thrift store makeover under 20 cents, a new look that is all about the essentials.",
    ),
    Written(
        (
            "a very relaxing evening at the beach with my best friends where we watch the sunset, light a "
            "small campfire, play the guitar, toast marshmallows and talk about everything that happened to "
            "us in the last ten years of our lives"
        ),
        "A Very Relaxing Evening at the Beach with My Best",
        (
            "A very relaxing evening at the beach with my best friends where we watch the sunset, light a "
            "small campfire, play the guitar, toast marshmallows and talk about everything that happened to "
            "us in the last ten years of our lives: a beautiful sunset over the ocean lights up the sky as "
            "the sound of guitars fills the air. The camera circles around."
        ),
        (
            "Close-up of the scene: A very relaxing evening at the beach with my best friends where we watch "
            "the sunset, light a small campfire, play the guitar, toast marshmallows and talk about "
            "everything that happened to us in the last ten years of our lives: a beautiful sunset over the "
            "ocean lights up the sky as the sound of guitars fills the air."
        ),
    ),
    Written(
        "東京の夜の散歩",
        "東京の夜の散歩",
        (
            "東京の夜の散歩: in a small village on the outskirts of Tokyo, a street vendor stands by himself and has "
            "just been told to meet him. The camera circles around."
        ),
        (
            "Close-up of the scene: 東京の夜の散歩: in a small village on the outskirts of Tokyo, a street vendor "
            "stands by himself and has just been told to meet him."
        ),
    ),
    Written(
        "haunted house horror movie",
        "In the Darkest Haunts of a Horror Movie",
        (
            "The film is set on a haunted house, with a red room that has been transformed into a nightmare "
            "scene. The camera circles around."
        ),
        "Close-up of the haunted house horror film in a dark alley, dark forest behind.",
    ),
    Written(
        "time is running out",
        "Time Is Running Out",
        (
            "An hourglass on a dark table, the last grains of sand falling in slow motion, dust in a sunbeam, "
            "the camera pushes in."
        ),
        "An hourglass, last grains of sand",
    ),
    Written(
        "F1 pit stop 1.8 seconds",
        "1.8 Seconds. Don't Blink",
        (
            "A red race car screeches into the pit lane, mechanics swarm, tyres fly off, the car launches "
            "away, speed lines, tracking shot."
        ),
        "Red race car in the pit lane",
    ),
)
