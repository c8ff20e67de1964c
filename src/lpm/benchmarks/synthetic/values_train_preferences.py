"""Preference values in kindred groups for the train split, and why people choose them."""

from __future__ import annotations

from lpm.benchmarks.synthetic.templates import DomainValues, read_domain_values, read_rows

GENERAL_TRAIN_CHANGES = read_rows(
    """I moved in with my [fiancé]
    my [sabbatical] began
    I lost my [office job]
    my [rota] was changed
    I turned [fifty]
    my [grandmother] passed away
    I sprained my [ankle]
    my [pension] came through
    we moved to the [coast]
    I had my [tonsils] out
    my [godfather] came to visit
    I read a shocking [article]
    my [budget] got tight
    I caught a bad [flu]
    my [teenager] talked me into it
    I watched a [documentary]
    my [exams] were over
    we bought a [farmhouse]
    my [commute] got longer
    I won the [lottery]
    a [penfriend] dared me
    my [counsellor] advised it
    I went through a [break-up]
    I made a [New Year's resolution]"""
)
"""Events that may change any preference."""

TRAIN_VALUES: dict[str, DomainValues] = {
    "music": read_domain_values(
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
        the mood of it suits me
        the sound fills the whole room""",
        """my [tinnitus] started
        I joined a [choir]
        my neighbour lent me her [records]
        I heard a brilliant [street band]
        the [baby] arrived
        my [hearing test] went badly
        I began having [panic attacks]
        a [colleague] gave me concert tickets""",
    ),
    "cuisine": read_domain_values(
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
    "drink": read_domain_values(
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
        one sip is enough to lift my mood
        everyone in my family swears by it
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
    "exercise": read_domain_values(
        """yoga, Pilates, tai chi
        bouldering, rope climbing, via ferrata
        boxing, kickboxing, judo
        swimming, aqua aerobics, diving
        jogging, trail running, race walking
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
        my [physiotherapist] scolded me
        my [nephew] dared me
        my [asthma] got worse
        I broke my [wrist]""",
    ),
    "weekend": read_domain_values(
        """birdwatching, badger watching, butterfly counting
        baking bread, making jam, pickling vegetables
        visiting museums, touring galleries, exploring castles
        playing bingo, doing pub quizzes, singing karaoke
        repairing clocks, restoring furniture, fixing bicycles
        wild camping, rambling, canoeing
        gardening, pruning roses, growing tomatoes
        sketching, painting watercolours, carving linocuts""",
        """my phone stays in a drawer all day
        nobody expects anything from me
        the hours simply fly by
        my week is stressful enough
        Mondays feel easier afterwards""",
        """my [twins] were born
        I inherited my uncle's [cottage]
        I got a [promotion]
        my best friend [moved away]
        I sold the [car]
        our [balcony] was rebuilt
        I stopped working [Saturdays]
        my [hay fever] got unbearable""",
    ),
    "film": read_domain_values(
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
        our house was [burgled]
        I took a course in [editing]
        I was in a [car crash]
        my [streaming account] ran out
        I started dating a [critic]
        I had a [heart scare]""",
    ),
    "book": read_domain_values(
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
        every page is a small pleasure
        the chapters suit my train ride""",
        """I joined a [book club]
        my [eyesight] got worse
        my father [died]
        I cleared out the [attic]
        I quit my [night shifts]
        my [professor] lent me his favourite
        I had a [concussion]
        I became a [grandparent]""",
    ),
    "holiday": read_domain_values(
        """city breaks, museum weekends, opera trips
        ski trips, snowshoe tours, husky safaris
        beach resorts, island hopping, cruises
        canal boat trips, houseboat weeks, river cruises
        camping trips, caravan tours, trekking tours
        spa retreats, silent retreats, thermal baths
        farm stays, vineyard stays, shepherd huts""",
        """planning them is half the fun
        the whole family finds something to do
        a change of scene does me good
        one suitcase is all it takes
        the people there are so friendly""",
        """I tore a [ligament]
        I got [sunstroke]
        our [flight] was cancelled twice
        I got [seasick] off Sardinia
        my wife developed [vertigo]
        we adopted a [dog]
        I had a [burnout]
        our [tent] was flooded""",
    ),
    "workspace": read_domain_values(
        """attic, loft, box room
        public library, reading room, university hall
        garden shed, greenhouse, conservatory
        corner café, hotel lobby, tea house
        spare bedroom, guest room, nursery
        basement, garage, workshop
        kitchen, dining room, living room""",
        """my thoughts flow better there
        my phone rarely rings there
        nobody expects me to tidy up there
        old habits are hard to break
        twice as much gets done there""",
        """the [builders] arrived next door
        our [lodger] moved in
        the [heating] broke down
        my [back pain] returned
        my boss demanded [video calls]
        I bought a [parrot]
        my [router] was moved
        the [roof] began leaking""",
    ),
    "snack": read_domain_values(
        """pistachios, roasted almonds, salted peanuts
        dried mango, banana chips, dates
        dark chocolate, nougat, fudge
        crisps, pretzels, tortilla chips
        rice cakes, crispbread, oatcakes
        gummy bears, liquorice, jelly beans
        olives, pickled onions, sun-dried tomatoes
        shortbread, gingerbread, macaroons""",
        """a handful keeps me going till dinner
        the taste is so satisfying
        my grandmother always kept some for me
        the taste goes well with tea
        one bag lasts me a week""",
        """I chipped a [tooth]
        my [diabetes] was diagnosed
        I got [braces]
        my [son] turned out allergic
        I gave up [sugar]
        the corner [shop] closed
        my [migraines] came back
        my [flatmate] started baking""",
    ),
    "game": read_domain_values(
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
        our [club] changed its rules
        I got a new [tablet]""",
    ),
}
