"""Which words of a prompt call for which setting, light, weather, effect and camera move. Data, read top to bottom."""

SETTINGS: dict[str, str] = {
    ("market"): (
        "night market, street food, food stall, food stalls, hawker, bazaar, market, vendor, vendors, food truck"
    ),
    ("kitchen"): (
        "kitchen, stove, countertop, counter, oven, cooking, recipe, baking, bakery, homemade, cook, cooks, ingredients"
    ),
    "cafe": "cafe, café, coffee shop, restaurant, diner, bistro, bar, pub, barista, sushi bar, food court, tapas",
    ("hospital"): (
        "hospital, nurse, nurses, doctor, doctors, clinic, surgery, surgeon, emergency room, medical, patient"
    ),
    "haunted": (
        "haunted, horror, ghost, ghosts, spooky, halloween, graveyard, cemetery, nightmare, creepy, vampire, zombie, "
        "zombies, dracula, haunts, scary"
    ),
    ("cinema"): (
        "cinema, movie theater, movie theatre, box office, hollywood, netflix, premiere, popcorn, ending explained"
    ),
    "blocks": "minecraft, voxel, pixel art, 8-bit, roblox, terraria, retro game, super mario, block world",
    "castle": (
        "castle, kingdom, medieval, knight, knights, elden ring, dark souls, zelda, skyrim, dungeon, throne, "
        "game of thrones, lord of the rings, hogwarts, fortress, fantasy world"
    ),
    ("harbour"): (
        "harbour, harbor, pirate, pirates, ship, sailing, sailor, port, pirate ship, treasure island, one piece"
    ),
    "gaming": (
        "neon room, gaming room, gaming, gamer, streamer, speedrun, esports, rgb, led strip, led lights, arcade, setup"
    ),
    "livingroom": ("living room, lounge, sofa, couch, apartment, carpet, rug, vacuum, vacuums, roomba"),
    "bedroom": "bedroom, bed, bedtime, dorm, morning routine",
    ("classroom"): (
        "classroom, school, teacher, blackboard, chalkboard, student, students, lesson, lecture, kindergarten"
    ),
    "library": "library, bookshelf, bookshelves, bookstore, booktok, antique shop, study room",
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
        "beach, sea, ocean, shore, seaside, coast, coastline, surf, surfing, island, waves, lisbon, hawaii, "
        "tropical, bay"
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
    "desert": "desert, dunes, dune, sahara, sand dunes, safari, savanna, cactus",
    "space": (
        "space, outer space, galaxy, planet, star wars, moon surface, mars, astronaut, spaceship, cosmos, nebula, "
        "alien, solar system"
    ),
    "forest": "forest, woods, woodland, jungle, rainforest, trees, camping, campfire, cabin, wilderness",
    "meadow": (
        "park, meadow, field, farm, garden, backyard, countryside, grass, village, lake, river, playground, picnic, "
        "yard, zoo"
    ),
    "city": (
        "city, cities, skyline, downtown, rooftop, skyscraper, tokyo, new york, neon city, shibuya, cyberpunk, "
        "manhattan, metropolis"
    ),
    "street": (
        "street, sidewalk, alley, road, town, skatepark, parking, bridge, highway, neighborhood, neighbourhood, "
        "crosswalk, skateboard, skate, paris, london, traffic, train station, subway"
    ),
    "studio": "studio, plain background, white background, product, turntable, seamless, minimal, backdrop",
    "dream": "nostalgia, nostalgic, dreamy, dreamscape, childhood memories, abstract, surreal, imagination",
}

# Settings that words only hint at: used where nothing names a place.
WEAK_SETTINGS: dict[str, str] = {
    "livingroom": "home, house, at home, family, cosy, cozy, relaxing",
    "kitchen": "home, at home, how to make, make, made",
    "cafe": "date, friends, order, chef, eat, eating, food",
    "library": "books, study, reading, history",
    ("cinema"): (
        "movie, film, movies, films, scene, series, season, episode, trailer, character, actor, actors, plot, ending"
    ),
    "gaming": "game, games, level, player, players",
    "stadium": "race, marathon, champion, record",
    "dream": (
        "dream, memory, memories, feeling, feelings, emotion, magic, love, time, hope, mystery, future, life, soul, "
        "happy, sad, lonely, grateful, mind, meaning"
    ),
}

TIMES: dict[str, str] = {
    "night": (
        "night, midnight, nighttime, neon, dark, darkest, moonlit, moonlight, nightclub, starry, late-night, late "
        "night, lanterns"
    ),
    ("sunset"): (
        "sunset, sundown, evening, golden hour, dusk, twilight, sundown, golden light, warm light, orange sky, "
        "golden-hour"
    ),
    "dawn": "sunrise, dawn, early morning, morning, misty, foggy, first light",
    "day": "day, daylight, noon, sunny, bright, afternoon, midday, blue sky",
}

EFFECTS: dict[str, str] = {
    "aura": (
        "aura, super saiyan, saiyan, goku, power up, powers up, powering up, power-up, ki, transformation, "
        "transformations, chakra, ultra instinct, superpower"
    ),
    "fire": "fire, flames, flame, burning, blaze, flaming, on fire, inferno",
    "embers": "volcano, lava, eruption, erupting, ash, sparks, battle, explosion, explode, war, embers",
    "rain": "rain, rainy, raining, storm, thunderstorm, downpour, drizzle, monsoon",
    "snow": "snow, snowy, snowfall, snowing, blizzard, winter, christmas, snowflakes, flurries",
    "steam": (
        "steam, steaming, steamy, ramen, noodles, soup, coffee, tea, smoke, smoky, smoking, wok, sizzling, "
        "broth, boiling"
    ),
    "sparkles": (
        "sparkle, sparkles, sparkling, magic, magical, glitter, makeover, glow up, glow-up, fairy, shiny, jewel, "
        "dazzling, shimmering, glistening"
    ),
    "confetti": (
        "party, confetti, birthday, celebration, celebrate, champion, victory, winner, win, new year, graduation, "
        "festival"
    ),
    "petals": "petals, cherry blossom, cherry blossoms, sakura, roses, wedding, falling leaves",
    "bubbles": "underwater, bubbles, aquarium, ocean floor, diving, soap",
    "dust": ("nostalgia, nostalgic, dust, dusty, vintage, memory, memories, attic, library, desert, forest, sunbeam"),
    "speed": "speed, fast, fastest, racing, race, chase, sprint, speedrun, speedrunning, rush, drift",
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
    "haunted": "night",
    "castle": "sunset",
    "cinema": "night",
    "desert": "sunset",
    "dream": "sunset",
    "stadium": "night",
}

# Subjects that a setting already shows: not drawn twice.
SHOWN: dict[str, str] = {
    "beach": "wave, sun, moon, beach-umbrella, palm-tree",
    "harbour": "wave, ship, sun, moon",
    "haunted": "haunted-house, moon, pumpkin",
    "castle": "castle, shield",
    "cinema": "clapperboard, film-strip, movie-camera",
    "cafe": "light-bulb",
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
    "street": "sun, moon, house",
    "city": "house, tower, moon",
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
    "dragon-head": "fire",
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
    "duel, duels, versus, vs, battle, battles, battled, fight, fights, fighting, boss fight, showdown, face off, "
    "face-off, race each other, against each other"
)

# Words of film craft: they direct the camera and are no subject.
CRAFT = (
    "the camera, camera, shot, close-up, close up, closeup, wide shot, video, vertical, cinematic, frame, footage, "
    "lens, scene, drone shot, drone, aerial, slow motion, film grain, film look, film style, movie style, music "
    "video, golden hour, 3-second, three-second, soundtrack, in the style of, style, background music, key light, "
    "light hits, fairy lights, string lights, christmas lights, depth of field, the art of, art of, is an art, "
    "art that, work of art, state of the art, way of life, "
    "in the end"
)
