"""What the sandbox can write about at any length, in English: how this chat works."""

from __future__ import annotations

from qwenchat.sandbox.counting import words
from qwenchat.sandbox.writing.essay import Library, Topic

LIBRARY = Library(
    space=" ",
    count=words,
    again="That was all I have to say about it, but you asked for more, so I begin again.",
    endings=(
        "Done.",
        "That's all.",
        "That is all.",
        "And there it ends.",
        "With that, this text ends.",
        "That is all I have here.",
        "And this is where the text ends.",
        "Here the text has the length you wanted.",
        "With this sentence the text has its full length.",
        "With this last sentence the text has its full length.",
        "And with this last sentence the text has its full length.",
    ),
    topics=(
        Topic(
            "How an answer arrives",
            (
                "An answer is not written in one go and then handed over.",
                "It is made one small piece at a time, and each piece is called a token.",
                "A token is about as long as a short word, or as half of a long one.",
                "The server sends every token as soon as it exists, over a connection that stays "
                "open for the whole answer.",
                "That is what people mean when they say that text is streaming.",
                "You can begin to read after a fraction of a second, although the last word may "
                "be a minute away.",
                "It also means that you can change your mind early.",
                "When the first lines go in the wrong direction, stop the answer and ask again.",
            ),
        ),
        Topic(
            "Who keeps the answer",
            (
                "The page in front of you only watches.",
                "The answer itself belongs to the server, which collects the tokens and saves "
                "them about once a second.",
                "So you may close the tab, lose the network in a tunnel, or open the same "
                "conversation on your phone.",
                "The writing goes on meanwhile.",
                "When you come back, the page asks for everything since the last piece it has "
                "seen, and shows the rest as if nothing had happened.",
                "Two tabs on one conversation stay in step for the same reason.",
                "Nothing is lost.",
            ),
        ),
        Topic(
            "Stopping and going on",
            (
                "A long answer can be stopped at any moment.",
                "What has been written until then is kept, and marked as stopped.",
                "If you want the rest after all, choose to continue.",
                "The server then sends the conversation once more, with the unfinished answer at "
                "its end, and asks for the words that follow.",
                "A model takes up the sentence where it broke off, in the middle of a word if it "
                "must.",
                "I do the same: whatever you cut off, I go on from exactly that letter.",
                "Try it with a text as long as this one.",
            ),
        ),
        Topic(
            "A conversation is a tree",
            (
                "It looks like a list of messages, but a conversation is really a tree.",
                "When you edit a question, the old one stays where it was, and the new one "
                "becomes its neighbour.",
                "The same happens when you ask for another answer to the same question.",
                "Small arrows beside a message take you from one version to the next.",
                "Each branch remembers only what was said on its own path.",
                "That makes it safe to try something out.",
                "You can always walk back.",
            ),
        ),
        Topic(
            "What the model is told",
            (
                "A model has no memory between two requests.",
                "Each time you send a message, the server packs the earlier messages of this "
                "branch around it and sends the whole parcel.",
                "The parcel may begin with a system prompt, which says how the model should "
                "behave.",
                "How much fits is called the context window, and it is counted in tokens.",
                "When a conversation outgrows the window, the oldest messages are left out.",
                "The page shows a mark at that place, so you know what was no longer read.",
                "I count everything I receive, and tell you when you ask.",
            ),
        ),
        Topic(
            "Thinking before speaking",
            (
                "Some models think before they answer.",
                "They write notes to themselves first, which the page shows in a panel of its own.",
                "The notes are made of tokens like everything else, so they take time and are "
                "paid for as output.",
                "A thinking budget limits how long the notes may become.",
                "For a quick question it is better to leave thinking off.",
                "For a puzzle, a proof or a plan it is often worth the wait.",
                "The panel closes when the answer begins, and you can open it again whenever you "
                "like.",
            ),
        ),
        Topic(
            "Temperature and its friends",
            (
                "At every step a model has many candidates for the next token, each with a "
                "probability.",
                "The temperature decides how boldly it chooses among them.",
                "Near zero it nearly always takes the likeliest one, and the text is steady and "
                "a little dry.",
                "Higher values let rarer words in, which is good for ideas and bad for facts.",
                "A second setting, called top p, cuts off the improbable end of the list.",
                "It is wise to change only one of the two.",
                "My own words don't depend on them at all, but I do report what was sent.",
            ),
        ),
        Topic(
            "From plain marks to a page",
            (
                "Models write Markdown, a plain notation that was meant to be readable as it is.",
                "Stars make words bold, hashes make headings, and bars make tables.",
                "The server turns those marks into a page while the text is still coming.",
                "Finished paragraphs are never touched again; only the last one is drawn anew.",
                "Formulas become real mathematics, and code gets its colours.",
                "Anything dangerous is taken out on the way.",
                "When you copy an answer, you get the plain marks back.",
            ),
        ),
        Topic(
            "Why a sandbox",
            (
                "A real model needs a key, a network and some money.",
                "None of them should be needed to see whether a program works.",
                "So this project brings a small server of its own, which speaks the same "
                "protocol as the real service.",
                "It refuses what the service refuses, with the same words, and it streams at a "
                "pace you can set.",
                "That server is me.",
                "I know nothing about the world, and I don't pretend to.",
                "What I say about your message is true, because I counted it.",
            ),
        ),
        Topic(
            "When something goes wrong",
            (
                "Networks break, services are busy, and accounts run out of money.",
                "A good program says which of these it was, and what you can do about it.",
                "When the service is busy, waiting a little and trying again usually helps.",
                "The server does so by itself, but only as long as no word has arrived.",
                "After that it keeps what it has and lets you decide.",
                "You can look at each of those states here: ask for the sandbox help.",
                "It lists a command for every kind of trouble.",
            ),
        ),
        Topic(
            "Counting and paying",
            (
                "Every answer ends with a small account of what it used.",
                "The prompt tokens are what the model had to read, and the completion tokens are "
                "what it wrote.",
                "Output usually costs several times as much as input.",
                "A long conversation is read again with each new question, so its price grows "
                "as you go.",
                "The service remembers beginnings it has just read and charges less for them.",
                "Those are the cached tokens in the account.",
                "Here they cost nothing, but I count them all the same.",
            ),
        ),
        Topic(
            "Reading at your own pace",
            (
                "Most people read four or five words in a second.",
                "A fast model writes ten times as many.",
                "The page therefore follows the text only while you are at its end.",
                "Scroll up a little, and it leaves you there.",
                "A small button brings you back down when you want to.",
                "If you use a screen reader, you hear short notices about the state of the "
                "answer instead of every single word.",
                "Then you read the finished text in peace.",
            ),
        ),
    ),
)

NOTES: tuple[str, ...] = (
    "Is there anything in the wording that I might have missed? I read it once more, and no.",
    "I should stay with what I can count, since I know nothing beyond the request itself.",
    "A person may be reading these notes, so they should make sense on their own.",
    "It would be easy to promise too much here. Better to say plainly what I am.",
    "The order matters: first what arrived, then what was asked for, then a hint.",
    "If the answer is stopped half-way, its first half should still be of use.",
    "Short sentences are easier to follow while they are still arriving.",
    "Would a table be clearer? Only if it was asked for; otherwise a paragraph will do.",
    "I check the numbers again: they come from counting, so they have to agree.",
    "Nothing here needs the network, the clock or luck, so the answer can be repeated exactly.",
    "One more consideration: the answer should end properly instead of trailing off.",
    "That seems to be all. I can begin to write.",
)
