"""What subjects are like: which act, ride and travel, and where each belongs. Data, read top to bottom."""

# Emoji that have no drawing of their own, and the word whose drawing stands for them.
EMOJI: dict[str, str] = {
    "🐶": "dog", "🐱": "cat", "🐵": "monkey", "🐮": "cow", "🐷": "pig", "🐰": "rabbit", "🐭": "mouse", "🐯": "tiger",
    "🐴": "horse", "🐔": "chicken", "🐣": "chick", "🐥": "chick", "🐳": "whale", "🌹": "rose", "💐": "bouquet",
    "🏃": "runner", "🚶": "walker", "💃": "dancer", "🕺": "disco dancer", "🏄": "surfer", "🚴": "cyclist",
    "😭": "broken heart", "🤣": "laughter", "😆": "laughter", "😅": "laughter", "😳": "mind blown", "😡": "scream",
    "😰": "scream", "🥰": "heart eyes", "💕": "heart", "💖": "heart", "🧡": "heart", "💛": "heart", "💚": "heart",
    "💙": "heart", "💜": "heart", "🖤": "heart", "🎊": "party", "🥳": "party", "🏅": "gold medal", "🥈": "gold medal",
    "☠": "skull", "🍖": "steak", "🥓": "bacon", "🏚": "haunted house", "👨‍🍳": "chef", "🧑‍🍳": "chef", "🥷": "ninja",
}  # fmt: skip

# Drawings on the ground, in the air and in the water that do not act: no riders, no rivals.
STILL = (
    "muscle, fist, handshake, applause, brain, eyes, skull, laughter, scream, heart-eyes, sleep, mind-blown, "
    "sunglasses-face, heart, broken-heart, sparkles, star, moon, sun, rainbow, lightning, snowflake, wave, "
    "volcano, mount-fuji, tornado, comet, earth, saturn, tree, pine, palm-tree, cactus, seedling, maple-leaf, "
    "mushroom, cherry-blossom, beach-umbrella, tent, house, castle, school-building, stadium-building, "
    "ferris-wheel, roller-coaster, tower, statue-of-liberty, shrine, balloon, party, fireworks, gold-medal, "
    "soccer-ball, basketball, american-football, baseball, tennis, volleyball, badminton, bowling, boxing, "
    "karate, golf, kite, theatre, dress, kimono, jeans, nails, music, lantern, crossed-swords, bow-and-arrow, "
    "dna, telescope, sofa, bed, shower, bathtub, broom, shopping-cart, moai, campsite, magic-wand, circus, "
    "fire-extinguisher, water-drop, brick, wood, crash, chart, pirate-flag, traffic-light, pickaxe, "
    "haunted-house, sleeper, bank, skateboard, roller-skates, snowman, fishing"
)

# Subjects that go somewhere: the setting passes behind them.
TRAVELLERS = (
    "runner, walker, cyclist, horse, car, race-car, taxi, bus, train, motorcycle, scooter, bicycle, "
    "skateboard, roller-skates, police-car, fire-engine, ambulance, tractor, leopard, skier, snowboarder, "
    "rocket, airplane, ship, sailboat, canoe, dolphin, shark, eagle"
)

# Where a subject belongs when nothing names a place; one of several is drawn by lot.
HOMES: dict[str, str] = {
    "kitchen": (
        "ramen, chef, wok, frying-pan, paella, pot-of-food, salad, spaghetti, curry, rice, egg, bread, pancakes, "
        "waffle, steak, fried-chicken, cookie, birthday-cake, cupcake, pie, butter, bacon, potato, tomato, "
        "carrot, garlic, onion, broccoli, corn, avocado, flatbread, kitchen-knife, bowl, dumpling, pizza, taco, "
        "cheese, honey, strawberry, banana, apple, lemon, mango, watermelon, pineapple, chili"
    ),
    "cafe": (
        "sushi, coffee, tea, bubble-tea, croissant, donut, ice-cream, cocktail, wine, beer, burger, fries, hot-dog, "
        "sandwich, taco, burrito, pizza, rice-ball, tempura, custard, pretzel, bagel, smoothie, chocolate, couple, "
        "bento, pancakes, cupcake, lobster, shrimp, chef, dumpling"
    ),
    "market": "burrito, fried-chicken, wok, hot-dog, dumpling",
    ("livingroom"): (
        "cat, grandma, grandpa, robot-vacuum, family, teddy-bear, television, black-cat, mouse, hamster, sofa"
    ),
    ("meadow"): (
        "dog, cat, cow, sheep, goat, rabbit, horse, butterfly, bee, ladybug, kite, child, runner, farmer, tractor"
    ),
    ("city"): (
        "runner, superhero, supervillain, robot, taxi, walker, businessperson, money-bag, cash, chart, bank, phone"
    ),
    ("street"): (
        "car, race-car, motorcycle, scooter, bicycle, cyclist, bus, walker, skateboard, person, police-officer, "
        "traffic-light"
    ),
    "office": "programmer, businessperson, laptop, money-bag, cash, chart, coin, bank, credit-card, light-bulb",
    "bedroom": "alarm-clock, sleeper, lipstick, phone, teddy-bear, sleep",
    "classroom": "teacher, pencil, child, scientist, test-tube, brain",
    "library": "books, open-book, scroll, graduate, clock, map, compass, detective, judge, chess, hourglass",
    "gym": "weightlifter, muscle, boxing, karate, gymnast, basketball-player, fist",
    ("stage"): (
        "dancer, disco-dancer, singer, guitar, drum, violin, piano, saxophone, juggler, dance-crew, theatre, music"
    ),
    "stadium": "soccer-ball, basketball, american-football, baseball, tennis, trophy, gold-medal, stopwatch, fencer",
    ("boutique"): (
        "dress, jeans, kimono, handbag, high-heels, sneakers, sunglasses, hat, lipstick, ring, nails, shopping-cart"
    ),
    "gaming": "game-controller, joystick, monster, keyboard, monitor, headphones, dice",
    "wasteland": "fighter, dinosaur, ninja, crossed-swords, ogre, wolf",
    "castle": "knight, dragon, wizard, princess, prince, crown, unicorn, genie, ogre, shield, fairy, crossed-swords",
    "haunted": "ghost, vampire, zombie, skull, pumpkin, bat, clown, black-cat, haunted-house, crystal-ball, spider",
    "space": "astronaut, rocket, ufo, alien, saturn, earth, comet, star-knight, telescope",
    "cinema": "clapperboard, popcorn, film-strip, movie-camera, television, star",
    "harbour": "pirate-flag, ship, sailboat, compass, swan, duck",
    "underwater": "fish, shark, whale, dolphin, octopus, mermaid, swimmer, seal, squid",
    "beach": "surfer, crab, turtle, beach-umbrella, palm-tree, flamingo, friends, sunglasses-face",
    ("forest"): (
        "bear, fox, wolf, squirrel, owl, hedgehog, tent, campsite, mushroom, sloth, monkey, gorilla, snake, frog"
    ),
    "desert": "camel, lizard, cactus, snake",
    "snow": "penguin, snowman, skier, snowboarder, santa, christmas-tree, gift",
    "mountain": "climber, eagle, goat, mount-fuji, airplane, parachute, helicopter, llama",
    "hospital": "nurse, syringe, dna, microscope, ambulance, baby",
    "dream": "heart, broken-heart, film-strip, sparkles, rainbow, balloon, hourglass, meditation, moon, sleep",
}

# What can be ridden.
RIDES = (
    "skateboard, bicycle, scooter, motorcycle, robot-vacuum, roller-skates, horse, sailboat, canoe, rocket, sofa, car"
)
