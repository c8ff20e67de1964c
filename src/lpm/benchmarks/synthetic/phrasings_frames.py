"""Frames shared by all facts: questions around a topic, and what surrounds a statement.

The three question sets (train, practice, heldout) use different frames, and so do the train and
test statements; a test holds the final strings apart.
"""

from __future__ import annotations

from lpm.benchmarks.synthetic.templates import QuestionSet, Split

CLAUSE_FRAMES: dict[QuestionSet, tuple[str, ...]] = {
    "train": (
        "Do you remember {clause}?",
        "I've told you {clause}, haven't I? Please say it again.",
        "Please remind me {clause}.",
        "Let's see if you still know {clause}.",
        "I keep forgetting {clause}.",
    ),
    "practice": (
        "Could you tell me {clause}?",
        "I'm blanking on {clause}. Help me out.",
        "Any idea {clause}?",
        "At some point I mentioned {clause}. Fill me in.",
    ),
    "heldout": (
        "A friend wants to know {clause}, and it has slipped my mind.",
        "By now you should be able to say {clause}.",
    ),
}

TOPIC_FRAMES: dict[QuestionSet, tuple[str, ...]] = {
    "train": (
        "I'm filling in a form and need {topic}.",
        "What did I say {topic} was?",
        "Quick check: {topic}?",
        "I told you about {topic}. What was it?",
    ),
    "practice": (
        "Please look up {topic}.",
        "I can't think of {topic} right now.",
        "Suppose someone asked you for {topic}. What would you answer?",
    ),
    "heldout": (
        "From our earlier chats, what do you have down as {topic}?",
        "Finish this sentence for me: {topic} is ...",
    ),
}

OPENERS: dict[Split, tuple[str, ...]] = {
    "train": (
        "By the way, ",
        "Oh, ",
        "Just so you know, ",
        "Before I forget: ",
        "Well, ",
        "So, ",
        "Guess what: ",
        "One more thing: ",
        "You know what? ",
        "Thanks, that helped. ",
        "Speaking of everyday life, ",
        "Sorry for the late reply. ",
        "Small update: ",
    ),
    "test": (
        "Incidentally, ",
        "Before we go on, ",
        "Did I ever mention this? ",
        "Ah, that reminds me: ",
        "On another note, ",
        "Okay, a bit of news: ",
        "Great, thank you. ",
        "For what it's worth, ",
    ),
}

JOINERS: dict[Split, tuple[str, ...]] = {
    "train": (" Also, ", " And ", " Besides, ", " Oh, and ", " "),
    "test": (" On top of that, ", " What's more, ", " Plus, "),
}

CLOSERS: dict[Split, tuple[tuple[str, str], ...]] = {
    "train": (
        ("Anyway, how do I get candle wax off a table?", "Warm it gently and lift it with a card."),
        ("Could you give me a tip for sleeping better?", "Try keeping the room cool and dark."),
        ("What should I write on a thank-you card?", "Keep it short and name what you enjoyed."),
        ("Anyway, what's a good way to start the day?", "A glass of water and ten calm minutes."),
        ("Now, can you help me plan my week?", "Sure. Start with the two things that can't wait."),
        ("By the way, how long do you boil an egg?", "About seven minutes for a soft yolk."),
        ("How do I descale a kettle?", "Boil it with equal parts of vinegar and water."),
        ("Which side of the plate does the fork go on?", "On the left, by custom."),
        ("How do I stop onions from making me cry?", "Chill them first and use a sharp knife."),
        ("Could you suggest a polite way to end an email?", "'Kind regards' always works."),
        ("Anyway, how do I fold a shirt neatly?", "Fold the sleeves in first, then the hem up."),
        ("How long does fresh bread keep?", "Two or three days in a bread bin."),
        ("So, what's a good warm-up before a walk?", "A few ankle circles and easy lunges."),
        ("Anyway, is it better to iron shirts damp?", "Yes, slightly damp fabric irons best."),
    ),
    "test": (
        ("Now then, how do I unblock a sink?", "Pour in hot water, then use a plunger."),
        ("Could you explain how to fold a fitted sheet?", "Tuck the corners together first."),
        ("And how do I sharpen a kitchen knife?", "Draw it along a steel at a low angle."),
        ("What's the trick to poaching an egg?", "Keep the water just below a simmer."),
        ("Say, how often should windows be cleaned?", "Twice a year is plenty for most homes."),
        (
            "Right, what's a polite way to decline a call?",
            "Say that you're tied up and will write.",
        ),
    ),
}

SHORT_REPLIES: dict[Split, tuple[str, ...]] = {
    "train": (
        "{Short}.",
        "{Short}, actually.",
        "That's an easy one: {short}.",
        "Let me think... {short}.",
        "{Short}. Funny that you should ask!",
        "Oh, {short}, of course.",
    ),
    "test": (
        "I'd have to say {short}.",
        "{Short}, since you ask.",
        "Well, the answer is {short}.",
        "{Short}, believe it or not.",
    ),
}

ASKING: dict[Split, tuple[str, ...]] = {
    "train": (
        "May I ask you something in return? {ask}",
        "Now I'm curious. {ask}",
        "If you don't mind my asking: {ask}",
    ),
    "test": (
        "Let me ask you something, too. {ask}",
        "One thing I'd love to know: {ask}",
    ),
}

THANKS: dict[Split, tuple[str, ...]] = {
    "train": (
        "Thanks for telling me!",
        "Good to know.",
        "That's nice to hear.",
        "I'll keep that in mind.",
        "Noted, thank you.",
        "Thank you for sharing that.",
        "Interesting! Tell me more whenever you like.",
        "I see. How can I help today?",
        "Got it.",
        "Understood. What else is going on?",
        "Thanks, that gives me a better picture.",
        "All right, I've taken that in.",
    ),
    "test": (
        "Lovely, thanks for letting me know.",
        "I'll remember that.",
        "Right, that's useful to know.",
        "I appreciate your telling me.",
        "Fair enough! What can I do for you?",
        "Okay, I've made a mental note.",
    ),
}
