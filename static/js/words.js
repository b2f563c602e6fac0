// @ts-check
// Every word the scripts say. They come translated with the page, as JSON in `#words`; a value may hold
// `{name}` placeholders. Nothing else in static/js/ contains a sentence.

/**
 * @typedef {object} Words
 * @property {string} answering            "{model} is answering"
 * @property {string} answerComplete       "Answer complete, {count} words"
 * @property {string} answerCompleteOne    "Answer complete, one word"
 * @property {string} answerStopped        "Answer stopped. What came so far is kept."
 * @property {string} answerInterrupted    "Answer interrupted. What came so far is saved."
 * @property {string} answerFailed         "The answer failed."
 * @property {string} thinkingFor          "Thinking… {seconds} s"
 * @property {string} thoughtFor           "Thought for {seconds} s"
 * @property {string} writing              "Writing" (badge of a running answer)
 * @property {string} waitingFor           "Busy, next try in {seconds} s" (badge: the model service asked to wait)
 * @property {string} reconnectingIn       "Reconnecting in {seconds} s… Your draft is kept."
 * @property {string} reconnecting         "Reconnecting… Your draft is kept."
 * @property {string} copied               "Copied"
 * @property {string} copyFailed           "Copying did not work. Select the text and press Ctrl C."
 * @property {string} copy                 "Copy" (button of a code block)
 * @property {string} wrap                 "Wrap lines" (button of a code block)
 * @property {string} retry                "Retry"
 * @property {string} retryIn              "Retry in {seconds} s"
 * @property {string} tryAgainIn           "You can try again in {seconds} s."
 * @property {string} connectionLost       "Connection lost. Reconnecting…"
 * @property {string} connectionBack       "Connected again"
 * @property {string} signedOut            "You are signed out. Your draft is kept."
 * @property {string} signIn               "Sign in"
 * @property {string} newVersion           "A new version of this page is ready. Your draft is kept."
 * @property {string} reload               "Reload"
 * @property {string} failed               "That did not work. Try again."
 * @property {string} tooLong              "This text is too long to send."
 * @property {string} conversationGone     "This conversation was deleted."
 * @property {string} newAnswer            ", new answer" (spoken after a title in the list)
 * @property {string} generating           ", being answered" (spoken after a title in the list)
 * @property {string} rowActions           "Actions for “{title}”"
 * @property {string} queued               "Queued: it is sent when this answer ends"
 * @property {string} unqueued             "Removed from the queue"
 * @property {string} jump                 "To the end"
 * @property {string} jumpNew              "New text below. To the end"
 * @property {string} modelButton          "Model: {model}. Change model"
 * @property {string} thinkingNever        "{model} cannot think before it answers"
 * @property {string} thinkingAlways       "{model} always thinks before it answers"
 * @property {string} editQuestion         "Edit the question"
 * @property {string} saveAndAsk           "Save and ask"
 * @property {string} cancel               "Cancel"
 */

/** @returns {Partial<Words>} */
function read() {
  const element = document.getElementById("words");
  try {
    return element ? JSON.parse(element.textContent ?? "{}") : {};
  } catch {
    return {};
  }
}

const words = read();

/**
 * The word under `key`, its placeholders filled in; the key itself where the page lacks the word, so that
 * a gap is seen and nothing breaks.
 * @param {keyof Words} key
 * @param {Record<string, string | number>} [values]
 */
export function say(key, values = {}) {
  const text = words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}
