"""Preference values in groups of kindred ones, and the reasons people give; train and test apart."""

from __future__ import annotations

from lpm.benchmarks.synthetic.templates import DomainValues


def _values(clusters: str, likings: str, changes: str) -> DomainValues:
    groups = [line for line in clusters.splitlines() if line.strip()]
    return DomainValues(
        clusters=tuple(tuple(value.strip() for value in line.split(",")) for line in groups),
        likings=tuple(line.strip() for line in likings.splitlines() if line.strip()),
        changes=tuple(line.strip() for line in changes.splitlines() if line.strip()),
    )


TRAIN_VALUES = {
    "music": _values(
        """techno, deep house, trance, drum and bass
        bossa nova, samba, tropicalia
        thrash metal, grindcore, hardcore punk
        baroque concertos, string quartets, opera
        bebop, swing, Dixieland
        bluegrass, country, folk ballads
        reggae, ska, dub
        Afrobeat, highlife, soukous
        hip-hop, trap, grime""",
        """the rhythm keeps me going
        the melodies calm me down
        my parents played it all day long
        the lyrics speak to me
        the sound fills the whole room""",
        """my [tinnitus] started
        I joined a [choir]
        my neighbour lent me her [records]
        I saw a [street band] in Marseille
        the [baby] arrived
        my [hearing test] went badly
        I began having [panic attacks]
        a [colleague] gave me concert tickets""",
    ),
    "cuisine": _values(
        """Thai, Vietnamese, Cambodian
        Italian, Greek, Spanish
        Mexican, Peruvian, Brazilian
        Japanese, Korean, Taiwanese
        Lebanese, Turkish, Syrian
        Ethiopian, Eritrean, Somali
        Polish, Hungarian, Czech
        Punjabi, Bengali, Sri Lankan""",
        """the flavours remind me of my childhood
        the spices wake me up
        the portions are generous
        sharing small plates is fun
        the herbs taste so fresh""",
        """my [gallbladder] was removed
        I took a [cooking class]
        my [in-laws] stayed for a month
        I was diagnosed with [gastritis]
        a new [restaurant] opened downstairs
        I married into a [big family]
        my [cholesterol] went up
        I spent a [summer abroad]""",
    ),
    "drink": _values(
        """espresso, flat white, cold brew
        green tea, jasmine tea, oolong
        lemonade, ginger beer, elderflower cordial
        red wine, port, sherry
        pale ale, stout, wheat beer
        oat milk, almond milk, rice milk
        carrot juice, beetroot juice, tomato juice
        hot chocolate, chai, malted milk""",
        """the first sip feels like a small holiday
        the smell alone makes me happy
        one glass is enough to relax me
        my whole family was raised on it
        the taste never gets boring""",
        """my [blood pressure] went up
        my [dentist] warned me
        I had trouble [sleeping]
        I got [pregnant]
        my stomach [ulcer] came back
        I began training for a [triathlon]
        my [kettle] broke
        I visited my cousin's [farm]""",
    ),
    "exercise": _values(
        """yoga, Pilates, tai chi
        bouldering, rope climbing, via ferrata
        boxing, kickboxing, judo
        swimming, aqua aerobics, diving
        running, trail running, race walking
        spinning, road cycling, mountain biking
        weightlifting, kettlebells, CrossFit
        Zumba, ballet, salsa""",
        """my back feels better afterwards
        the people there make me laugh
        my head is clear by the end
        the sessions are short
        the progress is easy to see""",
        """I tore my [meniscus]
        my [shoulder] surgery failed
        my [gym] closed down
        I slipped a [disc]
        my [physiotherapist] told me off
        I lost a bet with my [nephew]
        my [asthma] got worse
        I broke my [wrist]""",
    ),
    "weekend": _values(
        """birdwatching, badger watching, butterfly counting
        baking bread, making jam, pickling vegetables
        visiting museums, touring galleries, exploring castles
        playing bingo, doing pub quizzes, singing karaoke
        repairing clocks, restoring furniture, fixing bicycles
        wild camping, rambling, canoeing
        gardening, pruning roses, growing tomatoes
        sketching, painting watercolours, doing linocuts""",
        """my phone stays in a drawer all day
        nobody expects anything from me
        the hours simply fly by
        my week is stressful enough
        making something real feels good""",
        """my [twins] were born
        I inherited my uncle's [cottage]
        I got a [promotion]
        my best friend [moved away]
        I sold the [car]
        our [balcony] was rebuilt
        I stopped working [Saturdays]
        my [hay fever] got unbearable""",
    ),
    "film": _values(
        """horror, slasher, zombie
        heist, spy, courtroom
        silent, black-and-white, neorealist
        superhero, disaster, martial arts
        nature, true-crime, music documentary
        period, royal court, Victorian
        animated, stop-motion, puppet
        space, robot, time-travel""",
        """the stories keep me guessing
        the pictures are gorgeous
        my mind switches off completely
        talking them over afterwards is half the fun
        the endings surprise me""",
        """I began having [nightmares]
        my [daughter] was born
        our [burglary] happened
        I took an evening course in [editing]
        I was in a [car crash]
        my [streaming account] ran out
        I started dating a [critic]
        my [heart scare] happened""",
    ),
    "book": _values(
        """murder mysteries, noir thrillers, detective stories
        space operas, cyberpunk, dystopian novels
        biographies, memoirs, diaries
        epic fantasy, fairy tales, myths
        haiku, sonnets, free verse
        travelogues, nature writing, polar expeditions
        war novels, family sagas, sea stories
        graphic novels, manga, comic strips""",
        """a few pages send me to sleep happily
        the characters feel like friends
        there is always something to learn
        the language is beautiful
        the chapters suit my train ride""",
        """I joined a [book club]
        my [eyesight] got worse
        my father [died]
        I found a box in the [attic]
        I quit my [night shifts]
        my [professor] lent me one
        my [concussion] happened
        I became a [grandparent]""",
    ),
    "holiday": _values(
        """city breaks, museum weekends, opera trips
        ski trips, snowshoe tours, husky safaris
        beach resorts, island hopping, cruises
        canal boat trips, houseboat weeks, river cruises
        camping trips, caravan tours, trekking tours
        spa retreats, silent retreats, thermal baths
        farm stays, vineyard stays, shepherd huts""",
        """everything is taken care of
        the whole family finds something to do
        the fresh air does me good
        one suitcase is all it takes
        the people there are so friendly""",
        """I tore a [ligament]
        my [sunstroke] happened
        our [flight] was cancelled twice
        I got [seasick] off Sardinia
        my wife developed [vertigo]
        we adopted a [dog]
        my [burnout] happened
        our [tent] was flooded""",
    ),
    "workspace": _values(
        """attic, loft, box room
        public library, reading room, university hall
        garden shed, greenhouse, conservatory
        corner café, hotel lobby, tea house
        spare bedroom, guest room, nursery
        basement, garage, workshop
        kitchen, dining room, living room""",
        """the light there is perfect
        nobody disturbs me
        the chair is the best in town
        a little background noise helps me focus
        the view keeps me calm""",
        """the [builders] arrived next door
        our [lodger] moved in
        the [heating] broke down
        my [back pain] returned
        my boss demanded [video calls]
        I bought a [parrot]
        my [router] was moved
        the [roof] began leaking""",
    ),
    "snack": _values(
        """pistachios, roasted almonds, salted peanuts
        dried mango, banana chips, dates
        dark chocolate, nougat, fudge
        crisps, pretzels, tortilla chips
        rice cakes, crispbread, oatcakes
        gummy bears, liquorice, jelly beans
        olives, pickled onions, sun-dried tomatoes
        shortbread, gingerbread, macaroons""",
        """a handful keeps me going till dinner
        the crunch is so satisfying
        my grandmother always had a bowl of them
        the taste goes well with tea
        they fit in my coat pocket""",
        """I chipped a [tooth]
        my [diabetes] was diagnosed
        I got [braces]
        my [son] turned out allergic
        I gave up [sugar]
        the corner [shop] closed
        my [migraines] came back
        my [flatmate] started baking""",
    ),
    "game": _values(
        """chess, draughts, gomoku
        backgammon, ludo, parcheesi
        poker, blackjack, rummy
        bridge, whist, canasta
        Tetris, Pac-Man, pinball
        Scrabble, Boggle, hangman
        Catan, Carcassonne, Ticket to Ride
        billiards, snooker, darts""",
        """every round is different
        losing is half the fun
        my whole street joins in
        it keeps my mind sharp
        a round takes only half an hour""",
        """my [tournament] went badly
        my [grandson] taught me
        I lost too much [money]
        our club lost its [room]
        my [tendonitis] flared up
        my usual [partner] emigrated
        I was snowed in at a [hostel]
        I got a new [tablet]""",
    ),
}

TEST_VALUES = {
    "music": _values(
        """synth-pop, new wave, electroclash
        fado, flamenco, tango
        gospel, soul, Motown
        Gregorian chant, madrigals, organ fugues
        zydeco, Cajun waltzes, delta blues""",
        """my feet move by themselves
        the singing gives me goosebumps
        my thoughts slow down""",
        """I went to a [wake] in Seville
        my [divorce] came through
        I bought a second-hand [jukebox]
        my [ear infection] wouldn't heal""",
    ),
    "cuisine": _values(
        """Georgian, Armenian, Azerbaijani
        Senegalese, Ghanaian, Nigerian
        Jamaican, Cuban, Haitian
        Malaysian, Indonesian, Filipino
        Danish, Swedish, Finnish""",
        """the sauces are out of this world
        eating it feels like a feast
        the recipes are simple""",
        """I found out I have [coeliac disease]
        my [godmother] gave me a cookbook
        we hosted an [exchange student]
        my [kidney stones] came back""",
    ),
    "drink": _values(
        """rooibos, peppermint tea, camomile tea
        kombucha, kefir, kvass
        mead, perry, dry cider
        coconut water, birch sap, aloe juice
        gin fizz, negroni, whisky sour""",
        """nothing else quenches my thirst
        the bitterness suits me
        a cup of it rounds off my day""",
        """my [liver] values were bad
        I developed [heartburn]
        I spent Lent at a [convent]
        my [cardiologist] had a word with me""",
    ),
    "exercise": _values(
        """hula hooping, rope skipping, trampolining
        rowing, dragon boating, surf skiing
        fencing, kendo, archery
        Nordic walking, hill hiking, snowshoeing
        barre, aerial hoop, pole fitness""",
        """my posture has improved so much
        the trainer is hilarious
        an hour of it cures any bad mood""",
        """I got [plantar fasciitis]
        my [hip] was replaced
        the [swimming pool] was demolished
        I cracked two [ribs]""",
    ),
    "weekend": _values(
        """foraging, mushroom picking, collecting herbs
        building kites, carving spoons, weaving baskets
        browsing flea markets, hunting antiques, attending auctions
        stargazing, photographing moths, chasing storms
        volunteering, tutoring refugees, walking shelter dogs""",
        """there is no screen involved
        every outing brings a surprise
        my mood lifts within minutes""",
        """I got an [allotment]
        my [night blindness] set in
        our [church roof] collapsed
        I retired from the [navy]""",
    ),
    "film": _values(
        """Western, samurai, gangster
        screwball, slapstick, mockumentary
        Bollywood, Nollywood, telenovela
        surfing, mountaineering, sailing
        vampire, ghost, haunted-house""",
        """the dialogue is so quick
        the costumes are a treat
        an evening with one never disappoints""",
        """I had an [epileptic fit]
        my [godson] came to stay
        the old [cinema] reopened
        I went through a [bereavement]""",
    ),
    "book": _values(
        """gothic novels, ghost stories, vampire tales
        essays, letters, aphorisms
        alternate histories, steampunk, time-slip novels
        cookbooks, gardening books, craft manuals
        one-act plays, radio scripts, monologues""",
        """the prose has a rhythm of its own
        a rainy evening needs nothing more
        each one opens a new door""",
        """I was stuck in [quarantine]
        my [reading glasses] broke
        the [mobile library] started coming
        I inherited a [bookcase]""",
    ),
    "holiday": _values(
        """sailing weeks, lighthouse stays, dive safaris
        rail journeys, steam train tours, sleeper trips
        pilgrim walks, monastery stays, yoga retreats
        cycling tours, motorcycle tours, horse treks
        glamping, treehouse stays, yurt weekends""",
        """the slow pace suits me
        every day looks different
        my shoulders drop on day one""",
        """my [passport] was stolen
        I developed [frostbite]
        my [mother-in-law] joined us
        I was stung by a [jellyfish]""",
    ),
    "workspace": _values(
        """summer house, boathouse, gazebo
        coworking hub, business lounge, shared studio
        caravan, camper van, houseboat
        chapel annexe, parish hall, vestry
        roof terrace, balcony, courtyard""",
        """the air is better there
        the walls are thick
        my best ideas come to me there""",
        """my [sciatica] flared up
        the [landlord] sold the building
        our [triplets] started crawling
        the [air conditioning] died""",
    ),
    "snack": _values(
        """edamame, wasabi peas, seaweed crackers
        halva, baklava, Turkish delight
        beef jerky, pork scratchings, biltong
        popcorn, puffed rice, corn nuts
        rice pudding, custard tarts, semolina""",
        """the salty-sweet mix is irresistible
        my hunger goes away at once
        a small bowl lasts me a whole film""",
        """I had a [root canal]
        my [gout] flared up
        I became [vegan]
        our [vending machine] was replaced""",
    ),
    "game": _values(
        """mahjong, dominoes, Rummikub
        cribbage, pinochle, euchre
        boules, bowls, skittles
        Mastermind, Battleship, Cluedo
        shogi, xiangqi, Othello""",
        """a match teaches me patience
        there is so much laughter
        the rules fit on one page""",
        """I had a [stroke]
        my [pub] lost its licence
        I shared a ward with a [champion]
        my [cataracts] got worse""",
    ),
}
