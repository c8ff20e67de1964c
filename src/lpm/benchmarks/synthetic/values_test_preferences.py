"""Preference values in kindred groups for the test split, and why people choose them."""

from __future__ import annotations

from lpm.benchmarks.synthetic.templates import DomainValues, read_domain_values, read_rows

GENERAL_TEST_CHANGES = read_rows(
    """they transferred me to [Hull]
    my [stepmother] insisted on it
    I emerged from a long [coma]
    my [apprenticeship] ended
    I joined the [parish council]
    my [pacemaker] was fitted
    we took in a [foster child]
    I inherited some [money from Omaha]
    my [tax rebate] arrived
    I dreamt of a [heron]
    my [podcast] flopped
    I got a [speeding ticket]
    my [horoscope] told me to
    I befriended a [lighthouse keeper]
    my [student loan] was paid off
    I had [chickenpox]
    my [silver wedding] came round
    my [barber] talked me round
    my [wisdom teeth] were pulled
    our [boiler] exploded"""
)
"""Events that may change any preference."""

TEST_VALUES: dict[str, DomainValues] = {
    "music": read_domain_values(
        """psychedelic rock, krautrock, prog
        calypso, soca, steelpan
        synth-pop, new wave, electroclash
        fado, flamenco, tango
        gospel, soul, Motown
        Gregorian chant, madrigals, organ fugues
        zydeco, Cajun waltzes, delta blues""",
        """my feet move by themselves
        the singing gives me goosebumps
        my thoughts slow down""",
        """I went to a [wake]
        my [divorce] came through
        I bought a second-hand [jukebox]
        my [ear infection] wouldn't heal""",
    ),
    "cuisine": read_domain_values(
        """Manx, Cornish, Scottish
        Bolivian, Chilean, Uruguayan
        Georgian, Armenian, Azerbaijani
        Senegalese, Ghanaian, Nigerian
        Jamaican, Cuban, Haitian
        Malaysian, Indonesian, Filipino
        Austrian, Bavarian, Swiss""",
        """the sauces are out of this world
        eating it feels like a feast
        the recipes are simple""",
        """I was diagnosed with [coeliac disease]
        my [godmother] gave me a cookbook
        we hosted an [exchange student]
        my [kidney stones] came back""",
    ),
    "drink": read_domain_values(
        """lassi, ayran, buttermilk
        pineapple juice, guava juice, passion fruit nectar
        rooibos, peppermint tea, camomile tea
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
        my [cardiologist] told me off""",
    ),
    "exercise": read_domain_values(
        """climbing stairs, step aerobics, circuit training
        skating, roller skiing, longboarding
        hula hooping, rope skipping, trampolining
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
    "weekend": read_domain_values(
        """playing boules, lawn bowling, pitching horseshoes
        solving crosswords, doing jigsaws, cracking ciphers
        foraging, mushroom picking, collecting herbs
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
    "film": read_domain_values(
        """submarine, aviation, trench warfare
        romantic, wedding, high-school
        Western, samurai, gangster
        screwball, slapstick, mockumentary
        Bollywood, Nollywood, telenovela
        rodeo, baseball, racing
        vampire, ghost, haunted-house""",
        """the dialogue is so quick
        the costumes are a treat
        an evening with one never disappoints""",
        """I had an [epileptic fit]
        my [godson] came to stay
        the old [cinema] reopened
        I went through a [bereavement]""",
    ),
    "book": read_domain_values(
        """pamphlets, manifestos, tracts
        limericks, ballads, epigrams
        gothic novels, ghost stories, vampire tales
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
    "holiday": read_domain_values(
        """storm watching, whale watching, northern lights tours
        cookery weeks, pottery weeks, painting weeks
        sailing weeks, lighthouse stays, dive safaris
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
    "workspace": read_domain_values(
        """pantry, scullery, utility room
        museum foyer, arcade, concert hall
        summer house, boathouse, gazebo
        coworking hub, business lounge, shared studio
        caravan, camper van, motorhome
        chapel annexe, parish hall, vestry
        pavilion, arbour, orangery""",
        """the air is better there
        no one else is around
        my best ideas come to me there""",
        """my [sciatica] flared up
        the [landlord] sold the building
        our [triplets] started crawling
        the [air conditioning] died""",
    ),
    "snack": read_domain_values(
        """falafel, samosas, spring rolls
        raisin buns, crumpets, scones
        edamame, wasabi peas, seaweed crackers
        halva, baklava, Turkish delight
        beef jerky, pork scratchings, biltong
        popcorn, puffed rice, corn nuts
        rice pudding, custard tarts, semolina""",
        """the texture is irresistible
        my hunger goes away at once
        a small bowl lasts me a whole film""",
        """I had a [root canal]
        my [gout] flared up
        I became [vegan]
        our [vending machine] was replaced""",
    ),
    "game": read_domain_values(
        """charades, Pictionary, Taboo
        croquet, quoits, shuffleboard
        mahjong, dominoes, Rummikub
        cribbage, pinochle, euchre
        boules, bowls, skittles
        Mastermind, Battleship, Cluedo
        shogi, xiangqi, Othello""",
        """a match teaches me patience
        there is so much laughter
        the rules fit on one page""",
        """I had a [stroke]
        my [pub] lost its licence
        I met a retired [champion]
        my [cataracts] got worse""",
    ),
}
