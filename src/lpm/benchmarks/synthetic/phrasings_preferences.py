"""How preferences are stated, changed and asked for.

Fields: `{f}` the value as people say it, `{old}` the earlier one, `{habit}`/`{habit_ing}` the
domain's verb phrase with it, `{old_habit}` the earlier one, `{liking}` and `{reason}` clauses,
`{favourite}`, `{topic}`, `{thing}`, `{some}` and `{clause}` the domain's own words.
"""

from __future__ import annotations

from lpm.benchmarks.synthetic.templates import QuestionSet, Split

STATED: dict[Split, tuple[str, ...]] = {
    "train": (
        "I {habit} most of the time, because {liking}.",
        "When it comes to {topic}, I always choose {f}, since {liking}.",
        "As for {topic}, nothing beats {f} for me, because {liking}.",
        "If I have the choice, I {habit}, mainly because {liking}.",
        "I really like {habit_ing}. I'd say {liking}.",
        "Don't get me started on {topic}: I love {f}, as {liking}.",
    ),
    "test": (
        "You'd usually catch me {habit_ing}, and that's because {liking}.",
        "Talking of {topic}, I'm a big fan of {f}, seeing that {liking}.",
        "I tend to {habit}, as {liking}.",
        "I'm happiest {habit_ing}. You see, {liking}.",
    ),
}

CHANGED_FROM: dict[Split, tuple[str, ...]] = {
    "train": (
        "I've gone off {old} since {reason}; these days I {habit}.",
        "I used to {old_habit}, but then {reason}, so now I {habit}.",
        "I'm done with {old}: {reason}, and I {habit} instead.",
        "I've changed my mind about {topic}: {reason}, so I went from {old} to {f}.",
        "After {reason}, I swapped {old} for {f}.",
    ),
    "test": (
        "My love of {old} is over. It ended when {reason}, and {f} took its place.",
        "I gave up {old_habit_ing} when {reason}. I {habit} now.",
        "Once {reason}, I said goodbye to {old} and turned to {f}.",
    ),
}

CHANGED_TO: dict[Split, tuple[str, ...]] = {
    "train": (
        "These days I mostly {habit}, ever since {reason}.",
        "About {topic}: {reason}, which is why I now {habit}.",
        "My taste has changed. Since {reason}, I {habit}.",
        "I {habit} now. It all began when {reason}.",
    ),
    "test": (
        "A change in the area of {topic}: I now {habit}, the reason being that {reason}.",
        "I've switched to {habit_ing}. It came about when {reason}.",
        "Ask me about {topic} today and I'd say {f}, due to the fact that {reason}.",
    ),
}

LATEST: dict[QuestionSet, tuple[str, ...]] = {
    "train": (
        "What is {favourite} these days?",
        "Do you remember {clause}?",
        "Please remind me {clause} now.",
        "When it comes to {topic}, what do I like best?",
        "Which {thing} do I prefer now?",
        "Quick check: {favourite}?",
        "What did I last say about my taste in {topic}?",
        "I'm filling in a profile and need {favourite}.",
    ),
    "practice": (
        "So what's {favourite} at the moment?",
        "Could you tell me {clause}?",
        "As things stand, which {thing} am I keenest on?",
        "I'm blanking on {favourite}. Help me out.",
        "Please look up {favourite}.",
        "Any idea {clause} at present?",
        "Going by my latest word on {topic}, what do I enjoy?",
        "Suppose someone asked about {favourite}. What would you answer?",
        "On the subject of {topic}, what makes me happy nowadays?",
    ),
    "heldout": (
        "A friend wants to know {clause}, and it has slipped my mind.",
        "From our chats up to today, what do you have down as {favourite}?",
        "Finish this sentence for me: {favourite} is currently ...",
        "In the matter of {topic}, what would I choose today?",
    ),
}

EVOLUTION: dict[QuestionSet, tuple[str, ...]] = {
    "train": (
        "How has {favourite} changed over time?",
        "What was {favourite} before, and what is it now?",
        "Tell me how my taste has changed when it comes to {topic}.",
        "First I liked one {thing}, then another. Which were they?",
        "List what I called {favourite}, oldest first.",
        "What did I move from and to when it comes to {topic}?",
        "What did I like first, and what later, when it comes to {topic}?",
    ),
    "practice": (
        "Sum up the history of {favourite}.",
        "Trace how {favourite} has developed.",
        "On the subject of {topic}, which was my earlier choice and which came after it?",
        "Which {thing} did I give up, and which one replaced it?",
        "Name the old and the new answer to this: what is {favourite}?",
        "How did my liking shift in the area of {topic}?",
        "What has {favourite} been, from our first chat until today?",
        "I switched from one {thing} to another. Describe the switch.",
        "Walk me through the stages of {favourite}.",
    ),
    "heldout": (
        "Draw me a timeline for {favourite}.",
        "Compare then and now: which {thing} appealed to me at each point?",
        "I haven't always felt the same about {topic}. What was the 'before' and the 'after'?",
        "In two steps, where did {favourite} start and where did it end up?",
    ),
}

REASONS: dict[QuestionSet, tuple[str, ...]] = {
    "train": (
        "Why did {favourite} change?",
        "What made me go from {old} to {f}?",
        "Why do I no longer go for {old}?",
        "What was the reason that I changed to {f}?",
        "Why did I give up {old}?",
        "What happened that made me prefer {f}?",
        "Remind me why I changed my mind about {topic}.",
    ),
    "practice": (
        "What brought about the change in {favourite}?",
        "What lay behind my switch to {f}?",
        "For what reason did I turn my back on {old}?",
        "How come I stopped choosing {old}?",
        "What event led me to {f}?",
        "Can you explain my move away from {old}?",
        "I dropped {old} for {f}. Because of what?",
        "What caused my change of heart about {topic}?",
        "Which event changed {favourite}?",
    ),
    "heldout": (
        "It used to be {old}, now it's {f}. What got in between?",
        "What did I give as the cause when I turned to {f}?",
        "My old love for {old} faded. What was to blame?",
        "If somebody asked why {old} lost its appeal for me, what would you say?",
    ),
}

SUGGEST: dict[QuestionSet, tuple[str, ...]] = {
    "train": (
        "Suggest a {thing} that I haven't tried yet but would probably like.",
        "Which new {thing}, close to what I like now, could I try?",
        "I'd like to branch out a little. What {thing} is similar to my favourite?",
        "Based on what I like, name a {thing} that would be new to me.",
        "What {thing} should I explore next, given my taste?",
        "Give me a fresh idea for a {thing} in the spirit of what I enjoy.",
        "What else might I like, if I want a change from {favourite}?",
    ),
    "practice": (
        "I want to try something different but not too different. Which {thing}?",
        "What's a related {thing} that I've never mentioned?",
        "Surprise me with a {thing} that's akin to the one I love.",
        "I'm getting a little tired of {favourite}. What's a kindred one?",
        "What {thing} do people with my taste also enjoy?",
        "Help me discover a {thing} that's a cousin of my usual choice.",
        "Which unfamiliar {thing} would be a safe bet for me?",
        "Come up with a {thing} that resembles what I already like.",
        "I'd love to widen my horizons. What {thing} comes close to my usual one?",
    ),
    "heldout": (
        "If I could never have my usual {thing} again, what's the nearest thing to it?",
        "Something new, please: a {thing} one step away from what I'm used to.",
        "What would be the natural next discovery for me in the field of {topic}?",
        "Inspire me: which {thing} have I overlooked that would suit me?",
    ),
}

SCENE_TAILS: dict[QuestionSet, tuple[str, ...]] = {
    "train": (
        "{scene} Which {thing} should I choose so that I enjoy it?",
        "{scene} What {thing} would suit me best?",
        "{scene} Given my taste, which {thing} is the right one?",
    ),
    "practice": (
        "{scene} What {thing} will make me happy?",
        "{scene} Knowing me, which {thing} makes sense here?",
        "{scene} Help me decide on the {thing} that I love.",
    ),
    "heldout": (
        "{scene} Which {thing} would be most like me?",
        "{scene} If I follow my own liking, what {thing} will it be?",
    ),
}

OCCASION_FRAMES: dict[QuestionSet, tuple[str, ...]] = {
    "train": (
        "Recommend {some} for {occasion}.",
        "I need {some} for {occasion}. What do you recommend?",
        "What {thing} would you recommend for {occasion}?",
    ),
    "practice": (
        "Pick {some} for {occasion} that I'm sure to like.",
        "For {occasion}, which {thing} fits my taste?",
        "Got a tip for {occasion}? I'm after {some}.",
    ),
    "heldout": (
        "Thinking of {occasion}, what {thing} would you put forward for me?",
        "Advise me on {some}: it's for {occasion} and it should be what I love.",
    ),
}
