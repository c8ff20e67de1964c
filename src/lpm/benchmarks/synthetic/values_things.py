"""Jobs, hobbies, foods and belongings; the train and test pools share none."""

from __future__ import annotations

JOBS_TRAIN = """
accountant, actuary, air traffic controller,
ambulance driver, anaesthetist, archaeologist, archivist, audiologist, auctioneer, baker, barber,
bartender, beekeeper, biochemist, bookbinder, bookseller, botanist, brewer, bricklayer, bus
driver, butcher, cabinet maker, cardiologist, carpenter, cartographer, chemist, chiropractor,
civil engineer, clockmaker, copywriter, court reporter, crane operator, dancer, data analyst,
dental hygienist, dermatologist, dog groomer, electrician, event planner, farmer, fashion
designer, film editor, firefighter, fishmonger, flight attendant, florist, forester, geologist,
glassblower, goldsmith, graphic designer, hairdresser, harbour pilot, illustrator, immigration
lawyer, interior designer, interpreter, jeweller, journalist, judge, landscape gardener,
librarian, locksmith, marine biologist, mathematician, midwife, museum curator, neurologist,
notary, nurse, optician, paediatrician, paralegal, paramedic, pastry chef, pharmacist,
photographer, physiotherapist, piano tuner, pilot, plumber, police officer, postman, primary
school teacher, probation officer, radio presenter, roofer, sailor, set designer, shepherd, social
worker, sommelier, speech therapist, statistician, stonemason, surveyor, tailor, tax inspector,
train driver, translator, upholsterer, vet, welder, wind turbine technician
"""

JOBS_TEST = """
acupuncturist, arborist, astronomer, blacksmith, cheesemonger, choreographer, coroner, diplomat,
ergonomist, falconer, game designer, hydrologist, lighthouse keeper, luthier, milliner,
oceanographer, perfumer, podiatrist, puppeteer, radiographer, saddler, seismologist, stunt
performer, taxidermist, tram driver, urban planner, zookeeper
"""

HOBBIES_TRAIN = """
aikido, amateur radio, astronomy, badminton, ballroom dancing, baton twirling,
beekeeping, belly dancing, birdwatching, blacksmithing, bonsai, bookbinding, bouldering, bread
baking, calligraphy, candle making, canoeing, capoeira, caving, cheese making, clay modelling,
coin collecting, crochet, cross-country skiing, curling, cyclocross, darts, diving, dollhouse
building, embroidery, falconry, figure skating, flower arranging, fly
fishing, freediving, gardening, genealogy, geocaching, glass painting, go-karting,
gymnastics, hang-gliding, home brewing, horse riding, ice hockey, jewellery making, jiu-jitsu,
juggling, kayaking, kite flying, knitting, lacrosse, leatherwork, life drawing, line
dancing, lock picking, macrame, magic tricks, marquetry, metal detecting, model railways, mosaic
making, motocross, mountaineering, orienteering, origami, paddleboarding, paragliding, parkour,
photography, pottery, quilting, rugby, sailing, salsa dancing, scrapbooking, screen
printing, skateboarding, snorkelling, soap making, squash, stand-up comedy, stone carving,
surfing, table tennis, tap dancing, upholstery, volleyball, water polo, weaving,
whittling, windsurfing, wood turning, yodelling, zither building
"""

HOBBIES_TEST = """
aerial silks, basket weaving, bell ringing, botanical drawing, cider making, clog dancing,
croquet, cyanotype printing, disc golf, drone racing, felting, handball, hurling, ikebana, kite
surfing, lace making, land sailing, morris dancing, mushroom growing, pétanque, puppet making,
roller derby, speed skating, stained glass, tambour embroidery, ultimate frisbee, wing foiling
"""

DISHES_TRAIN = """
aubergine parmigiana, beef bourguignon, beef stroganoff, bibimbap, borscht, bouillabaisse, butter
chicken, carbonara, cassoulet, ceviche, chicken adobo, chilli con carne, clam chowder, coq au vin,
couscous royale, crab cakes, duck confit, egg fried rice, empanadas, fish pie, gazpacho, gnocchi,
goulash, green curry, gumbo, jambalaya, jerk chicken, khao soi, kedgeree, lamb biryani, lamb
tagine, lasagne, lobster bisque, macaroni cheese, mapo tofu, minestrone, moussaka, mushroom
risotto, nasi goreng, okonomiyaki, onion soup, osso buco, pad thai, paella, palak paneer, peking
duck, pho, pork schnitzel, pulled pork, quiche lorraine, ramen, ratatouille, rogan josh, salmon
teriyaki, saltimbocca, shakshuka, shepherd's pie, spinach lasagne, stuffed peppers, sushi,
tempura, toad in the hole, tom yum soup, vegetable korma, wild boar stew
"""

DISHES_TEST = """
arancini, bacalhau, bangers and mash, cacio e pepe, chana masala, cullen skink, doro wat,
feijoada, fondue, imam bayildi, jollof rice, katsu curry, laksa, manti, pozole, raclette,
sauerbraten, vindaloo
"""

INGREDIENTS_TRAIN = """
almonds, anchovies, apricots, artichokes, asparagus, avocado, bananas, beetroot, black pudding,
blue cheese, brazil nuts, broccoli, brussels sprouts, buckwheat, capers, carrots, cauliflower,
celery, chickpeas, cinnamon, coconut, coriander, courgettes, crayfish, cucumber, eggs, fennel,
figs, garlic, ginger, goat's cheese, grapefruit, hazelnuts, herring, horseradish, kale, kiwi
fruit, leeks, lentils, liver, lobster, lupin flour, mackerel, mangoes, mayonnaise, mussels,
mustard, okra, oysters, papaya, peaches, pine nuts, prawns, pumpkin, radishes, rhubarb, sardines,
sesame seeds, shiitake mushrooms, soya, squid, strawberries, sunflower seeds, tofu, turnips,
walnuts
"""

INGREDIENTS_TEST = """
aniseed, cashews, chicory, clams, cranberries, durian, endives, gherkins, kohlrabi, lychees,
macadamia nuts, mulberries, parsnips, pecans, poppy seeds, quinoa, raisins, scallops, tarragon,
watercress
"""

INSTRUMENTS_TRAIN = """
accordion, bagpipes, balalaika, banjo, baritone saxophone, bassoon, bodhran, bongos, cello,
clarinet, concertina, cornet, double bass, dulcimer, euphonium, flute, French horn, glockenspiel,
harmonica, harp, harpsichord, hurdy-gurdy, kalimba, lute, mandolin, marimba, melodica, oboe, pan
pipes, piccolo, recorder, sitar, steel drums, tabla, theremin, tin whistle, trombone, trumpet,
tuba, ukulele, viola, violin, xylophone, zither
"""

INSTRUMENTS_TEST = """
alphorn, bouzouki, castanets, celesta, didgeridoo, erhu, nyckelharpa, koto, lyre, oud,
shakuhachi, vibraphone
"""

LANGUAGES_TRAIN = """
Albanian, Amharic, Arabic, Basque, Bengali, Breton, Bulgarian, Cantonese, Catalan, Croatian,
Czech, Danish, Dutch, Esperanto, Estonian, Farsi, Finnish, Galician, German, Greek, Gujarati,
Hausa, Hebrew, Hindi, Hungarian, Icelandic, Javanese, Irish, Italian, Japanese, Khmer, Korean,
Lithuanian, Malay, Maltese, Mandarin, Norwegian, Polish, Portuguese, Punjabi, Quechua, Romanian,
Russian, Serbian, Slovak, Swahili, Swedish, Tagalog, Tamil, Thai, Turkish, Urdu, Welsh, Yoruba,
Zulu
"""

LANGUAGES_TEST = """
Afrikaans, Faroese, Georgian, Guarani, Latvian, Maori, Mongolian, Nepali, Occitan, Sinhala,
Slovenian, Telugu, Ukrainian, Tibetan, Xhosa, Yiddish
"""

CARS_TRAIN = """
Alfa Romeo Giulia, Audi A3, BMW i3, Citroen Berlingo, Cupra Born, Dacia Duster, Fiat Panda, Ford
Fiesta, Honda Jazz, Hyundai Kona, Jeep Renegade, Kia Picanto, Land Rover Defender, Lexus UX, Mazda
MX-5, Mini Cooper, Mitsubishi Outlander, Nissan Leaf, Opel Corsa, Peugeot 208, Polestar 2, Renault
Clio, Seat Ibiza, Skoda Octavia, Smart Fortwo, Subaru Forester, Suzuki Swift, Tesla Model 3,
Toyota Yaris, Volkswagen Golf, Volvo V60
"""

CARS_TEST = """
Chevrolet Bolt, Daihatsu Copen, Infiniti Q30, Jaguar XE, Lancia Ypsilon, Porsche Macan, Rover 75,
Saab 900, Vauxhall Astra
"""

PHONES_TRAIN = """
Blackview Shark, Doogee Blade, Fairphone 5, Galaxy S23, Honor Magic 6, Huawei P60, iPhone 13,
iPhone SE, Motorola Edge, Nokia X30, Nothing Phone, OnePlus 12, Oppo Reno, Pixel 8, Poco X6,
Realme GT, Redmi Note 13, Sony Xperia, Vivo X100, Xiaomi 14
"""

PHONES_TEST = "Asus Zenfone, Cat S75, HTC Desire, Lenovo Legion, LG Velvet, Tecno Camon, ZTE Axon"

DOG_BREEDS_TRAIN = """
Afghan hound, Airedale terrier, Akita, Alaskan malamute, Australian
shepherd, basset hound, beagle, Bernese mountain dog, border collie, border terrier, borzoi,
boxer, bull terrier, cairn terrier, chihuahua, cocker spaniel, corgi, dachshund,
Dalmatian, Dobermann, English setter, foxhound, French bulldog, German shepherd, golden retriever,
Great Dane, greyhound, husky, Irish wolfhound, Jack Russell, Leonberger, Maltese, Newfoundland,
papillon, Pekingese, pointer, poodle, pug, Pyrenean mastiff, Rhodesian ridgeback, Rottweiler,
Saint Bernard, Samoyed, schnauzer, Shetland sheepdog, shih-tzu, springer spaniel, Staffordshire
terrier, vizsla, Weimaraner, whippet, Yorkshire terrier
"""

DOG_BREEDS_TEST = """
Basenji, bichon frise, bloodhound, Briard, Havanese, keeshond, komondor, lagotto, lurcher,
otterhound, Pomeranian, saluki, Tibetan terrier, Welsh hound
"""

COLOURS_TRAIN = """
amber, apricot, aquamarine, beige, burgundy, burnt orange, charcoal, chartreuse, cobalt blue,
coral, cream, crimson, emerald green, forest green, fuchsia, indigo, ivory, lavender, lemon
yellow, lilac, magenta, maroon, midnight blue, mint green, moss green, mustard yellow, navy,
ochre, olive green, peach, petrol, plum, royal blue, ruby red, salmon pink, scarlet, silver, sky
blue, terracotta, turquoise, violet
"""

COLOURS_TEST = (
    "aubergine, cerise, khaki, mauve, periwinkle, sage green, sepia, taupe, teal, vermilion"
)

SUBJECTS_TRAIN = """
agronomy, anthropology, archaeology, architecture, art history, astrophysics, biochemistry,
botany, business administration, chemical engineering, civil engineering, classics, comparative
literature, computer science, criminology, dentistry, economics, electrical engineering, English
literature, film studies, forestry, geography, geology, German philology, history, international
relations, journalism, law, linguistics, marine biology, mathematics, mechanical engineering,
medieval history, meteorology, microbiology, music theory, nursing, pharmacy, philosophy,
political science, psychology, social work, sociology, statistics, theology, veterinary medicine,
zoology
"""

SUBJECTS_TEST = """
actuarial science, biophysics, cartography, cognitive science, Egyptology, epidemiology, food
science, musicology, naval architecture, neuroscience, Slavic studies, textile design, theatre
studies
"""

COLLECTIBLES_TRAIN = """
antique keys, beer mats, bottle openers, bus tickets, cookie cutters, comic books, corkscrews,
cuckoo clocks, egg cups, fossils, fountain pens, fridge magnets, glass marbles, hotel soaps,
jigsaw puzzles, lunch boxes, marionettes, masks, matchboxes, military badges, model trains, music
boxes, opera programmes, paperweights, perfume bottles, pin badges, playing cards, porcelain owls,
postage stamps, postcards, road maps, rubber ducks, seashells, snow globes, sugar packets,
teapots, thimbles, tin soldiers, tobacco tins, toy cars, typewriters, vintage cameras, vinyl
records, watering cans, wristwatches
"""

COLLECTIBLES_TEST = """
barometers, buttons, cigar bands, door knockers, enamel signs, hat pins, ink wells, meteorites,
nutcrackers, pocket knives, sextants, theatre masks, tea towels, weather vanes
"""

FLOWERS_TRAIN = """
anemones, asters, begonias, bluebells, camellias, carnations, chrysanthemums, cornflowers,
crocuses, daffodils, dahlias, daisies, delphiniums, foxgloves, freesias, gardenias, geraniums,
gladioli, hollyhocks, hyacinths, hydrangeas, irises, jasmine, lilies, lupins, magnolias,
marigolds, orchids, pansies, peonies, poppies, primroses, roses, snapdragons, snowdrops,
sunflowers, sweet peas, tulips, violets, zinnias
"""

FLOWERS_TEST = """
agapanthus, alliums, azaleas, buttercups, edelweiss, fuchsias, heather, lobelias, nasturtiums,
petunias, ranunculus, wisteria
"""

SAVINGS_TRAIN = """
a barbecue, a bass guitar, a bread oven, a camper van, a canoe, a cargo bike, a chest freezer, a
coffee roaster, a dishwasher, a drone, a drum kit, a field telescope, a fishing boat, a garden
shed, a gaming laptop, a greenhouse, a grand piano, a heat pump, a hot tub, a kayak, a leather
sofa, a log cabin, a mountain bike, a motorcycle, a new kitchen, a new roof, a pottery wheel, a
projector, a rowing machine, a sailing dinghy, a sewing machine, a standing desk, a surfboard, a
tattoo, a treadmill, a vintage amplifier, a wedding dress, a wood burner
"""

SAVINGS_TEST = """
a conservatory, a film camera, a garden pond, a loom, a microscope, a paraglider, a pizza oven, a
racing saddle, a sauna, a tandem, a tree house, a wine fridge
"""

BOOK_FIRST_TRAIN = """
Amber, Borrowed, Broken, Burning, Clockwork, Crooked, Distant, Drowned, Empty, Fallen, Forgotten,
Frozen, Glass, Golden, Hollow, Hidden, Iron, Last, Lonely, Lost, Midnight, Paper, Patient, Quiet,
Restless, Salt, Scarlet, Second, Silent, Silver, Sleeping, Stolen, Thirteenth, Velvet, Wandering,
Winter
"""

BOOK_LAST_TRAIN = """
Archipelago, Astronomer, Bell, Bridge, Cartographer, Cathedral, Circus, Comet, Daughter, Emperor,
Ferryman, Garden, Harvest, Heir, Island, Journey, Lantern, Letter, Library, Lighthouse, Mirror,
Orchard, Painter, Promise, River, Season, Shepherd, Staircase, Tide, Traveller, Watchmaker, Wolf
"""

BOOK_FIRST_TEST = (
    "Ashen, Careful, Copper, Feathered, Gilded, Ninth, Painted, Reluctant, Sunken, Unwritten"
)
BOOK_LAST_TEST = (
    "Apothecary, Ballad, Compass, Falcon, Glacier, Kingdom, Museum, Orphan, Parade, Sparrow, Violin"
)

CLUB_KINDS_TRAIN = ("Rovers", "United", "Athletic", "Wanderers", "Dynamo", "Rangers")
CLUB_KINDS_TEST = ("Harriers", "Corinthians", "Albion")
