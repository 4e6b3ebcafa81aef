"""Which words of a prompt call for which setting, light, weather, effect and camera move. Data, read top to bottom."""

SETTINGS: dict[str, str] = {
    "market": "night market, street food, food stall, food stalls, hawker, bazaar, market, vendor, vendors, food truck",
    "kitchen": "kitchen, stove, countertop, counter, oven, chef, cooking, recipe, baking, bakery, restaurant, diner",
    "gaming": (
        "neon room, gaming room, gaming, gamer, streamer, speedrun, esports, rgb, led strip, led lights, arcade, setup"
    ),
    "livingroom": (
        "living room, lounge, sofa, couch, at home, home, apartment, house, carpet, rug, vacuum, vacuums, roomba"
    ),
    "bedroom": "bedroom, bed, bedtime, dorm, morning routine",
    "classroom": "classroom, school, teacher, blackboard, chalkboard, student, students, lesson, lecture, kindergarten",
    "library": "library, bookshelf, bookshelves, books, bookstore, study, reading, booktok, antique shop",
    "office": "office, desk, meeting, startup, coworking, cubicle, coding, programmer",
    "gym": "gym, workout, weights, fitness, dumbbell, deadlift, crossfit, training hall, boxing ring, dojo",
    "boutique": (
        "thrift, thrifted, thrift store, boutique, fashion, outfit, makeover, wardrobe, closet, fitting room, "
        "clothes, dress"
    ),
    "stage": (
        "stage, concert, spotlight, spotlights, audience, theater, theatre, show, performance, nightclub, club, "
        "karaoke, dance floor, talent show, festival, runway, stand-up"
    ),
    "stadium": (
        "stadium, soccer, football, pitch, match, goal, baseball, basketball, tennis, sports field, track, olympics, "
        "arena"
    ),
    "beach": (
        "beach, sea, ocean, shore, seaside, coast, coastline, surf, surfing, island, waves, lisbon, hawaii, tropical, "
        "bay"
    ),
    "underwater": "underwater, reef, aquarium, coral, deep sea, diving, scuba, submarine",
    "snow": "snow, snowy, winter, ski, skiing, snowboard, ice rink, arctic, antarctica, blizzard, frozen lake",
    "mountain": (
        "mountain, mountains, summit, peak, cliff, alps, hike, hiking, everest, canyon, ridge, valley, waterfall"
    ),
    "volcano": "volcano, lava, eruption, erupting, magma",
    "wasteland": (
        "wasteland, rocky, crater, battlefield, goku, saiyan, super saiyan, dragon ball, anime, battle, warrior, mesa"
    ),
    "desert": "desert, dunes, dune, sahara, sand dunes, safari, savanna, western, cactus",
    "space": (
        "space, galaxy, orbit, planet, moon surface, mars, astronaut, spaceship, cosmos, universe, stars, nebula, alien"
    ),
    "forest": "forest, woods, woodland, jungle, rainforest, trees, camping, campfire, cabin, wilderness",
    "meadow": (
        "park, meadow, field, farm, garden, backyard, countryside, grass, village, lake, river, playground, picnic, "
        "yard, zoo"
    ),
    "city": (
        "city, skyline, downtown, rooftop, skyscraper, tokyo, new york, neon city, shibuya, cyberpunk, manhattan, "
        "metropolis"
    ),
    "street": (
        "street, sidewalk, alley, road, town, skatepark, parking, bridge, highway, neighborhood, neighbourhood, "
        "crosswalk, skateboard, skate, paris, london, traffic, train station, subway"
    ),
    "studio": "studio, plain background, white background, product, turntable, seamless, minimal, backdrop",
    "dream": (
        "nostalgia, nostalgic, dream, dreamy, memory, memories, abstract, surreal, feeling, emotion, imagination, "
        "magic, love, time, hope, mystery, future"
    ),
}

TIMES: dict[str, str] = {
    "night": (
        "night, midnight, nighttime, neon, dark, moonlit, moonlight, evening, nightclub, starry, stars, late-night, "
        "lanterns"
    ),
    "sunset": "sunset, golden hour, dusk, twilight, sundown, golden light, warm light, orange sky, golden-hour",
    "dawn": "sunrise, dawn, early morning, morning, misty, foggy, first light",
    "day": "day, daylight, noon, sunny, bright, afternoon, midday, blue sky",
}

EFFECTS: dict[str, str] = {
    "aura": (
        "aura, super saiyan, saiyan, goku, energy, power up, powers up, powering up, power-up, ki, transformation, "
        "transformations, transforms, transforming, glowing, glow, chakra, superpower"
    ),
    "fire": "fire, flames, flame, burning, wok, campfire, bonfire, blaze, torch, grill, bbq, dragon, embers, flaming",
    "embers": "volcano, lava, eruption, erupting, ash, sparks, battle, explosion, explode, war, embers",
    "rain": "rain, rainy, raining, storm, thunderstorm, downpour, drizzle, monsoon",
    "snow": "snow, snowy, snowfall, snowing, blizzard, winter, christmas, snowflakes, flurries",
    "steam": (
        "steam, steaming, steamy, ramen, noodles, soup, coffee, tea, hot, smoke, smoky, smoking, wok, sizzling, "
        "broth, boiling"
    ),
    "sparkles": (
        "sparkle, sparkles, sparkling, magic, glitter, makeover, glow up, glow-up, fairy, shiny, jewel, wish, beauty, "
        "stars, reveal, wonder, dazzling, shimmering"
    ),
    "confetti": (
        "party, confetti, birthday, celebration, celebrate, champion, victory, winner, win, new year, graduation, "
        "festival"
    ),
    "petals": "petals, cherry blossom, sakura, spring, flowers, roses, romance, romantic, wedding, autumn, leaves",
    "bubbles": "underwater, bubbles, aquarium, ocean floor, diving, soap",
    "dust": (
        "nostalgia, nostalgic, dust, dusty, old, vintage, memory, memories, attic, library, desert, forest, sunbeam, "
        "dream"
    ),
    "speed": "speed, fast, racing, race, chase, run, running, sprint, speedrun, rush, drift, action",
}

MOVES: dict[str, str] = {
    "push-in": (
        "push in, pushes in, push-in, dolly in, zoom in, zooms in, close-up, close up, closeup, closing in, macro"
    ),
    "pull-out": (
        "pull out, pulls out, pull back, pulls back, pulling back, zoom out, zooms out, dolly out, reveals, wide shot"
    ),
    "pan": "pan, pans, panning, whip pan, sweep, sweeps, sweeping, tracking, track, tracks, slide, dolly, side",
    "tilt": (
        "tilt, tilts, tilting, crane, low angle, low-angle, looks up, rises, rising, drone, aerial, overhead, towering"
    ),
    "orbit": (
        "orbit, orbits, orbiting, circle, circles, circling, 360, spin, spins, around, rotating, turntable, swirling"
    ),
    "handheld": (
        "handheld, hand-held, shaky, follow, follows, following, vlog, pov, point of view, chase, chaotic, documentary"
    ),
}

FRAMINGS: dict[str, str] = {
    "close": "close-up, close up, closeup, macro, extreme close, detail, face, portrait",
    "wide": "wide shot, wide angle, wide, establishing, aerial, drone, landscape, skyline, panorama",
}

# A time of day that a setting has when the prompt names none.
USUAL_TIME: dict[str, str] = {
    "market": "night",
    "gaming": "night",
    "stage": "night",
    "space": "night",
    "city": "night",
    "volcano": "night",
    "wasteland": "sunset",
    "desert": "sunset",
    "dream": "sunset",
    "stadium": "night",
}

# Subjects that a setting already shows: not drawn twice.
SHOWN: dict[str, str] = {
    "beach": "wave, sun, beach-umbrella, palm-tree",
    "volcano": "volcano, fire",
    "mountain": "mount-fuji, pine, tree",
    "forest": "tree, pine, seedling",
    "meadow": "tree, seedling, flower",
    "snow": "snowflake, pine",
    "stage": "microphone",
    "space": "saturn, star, earth",
    "desert": "cactus",
    "livingroom": "sofa, house",
    "bedroom": "bed",
    "stadium": "stadium-building",
    "classroom": "school-building",
    "gaming": "monitor, keyboard",
    "street": "sun, house",
    "city": "house, tower",
    "wasteland": "volcano",
    "boutique": "mirror",
    "underwater": "wave",
    "kitchen": "house",
    "library": "house",
}

# Subjects that an effect already shows.
EFFECT_ART: dict[str, str] = {
    "sparkles": "sparkles",
    "fire": "fire",
    "snowflake": "snow",
    "party": "confetti",
    "lightning": "aura",
    "star": "sparkles",
}

TRANSFORM = (
    "transform, transforms, transformed, transformation, transformations, transforming, before and after, "
    "before-and-after, makeover, glow up, glow-up, turns into, becomes, evolves, evolution, metamorphosis, power up, "
    "powers up, upgrade, super saiyan"
)

DUEL = (
    "duel, duels, versus, vs, battle, battles, fight, fights, showdown, face off, face-off, race each other, against "
    "each other"
)

RIDES = (
    "skateboard, bicycle, scooter, motorcycle, robot-vacuum, roller-skates, horse, sailboat, canoe, rocket, sofa, car"
)

# Words of film craft: they direct the camera and are no subject.
CRAFT = (
    "the camera, camera, shot, close-up, close up, closeup, wide shot, video, vertical, cinematic, frame, footage, "
    "lens, scene, drone shot, drone, aerial, slow motion, film grain, film look, film style, movie style, music "
    "video, golden hour, 3-second, three-second, soundtrack, in the style of, style, background music, key light, "
    "light hits"
)
