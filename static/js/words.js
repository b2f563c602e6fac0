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
 * @property {string} thinkingFor          "Thinking, {time}"
 * @property {string} thoughtFor           "Thought for {time}"
 * @property {string} thinkingTokens       "Thinking, {time}, about {tokens} tokens"
 * @property {string} seconds              "{seconds} s"
 * @property {string} minutes              "{minutes} min {seconds} s"
 * @property {string} answeringNow         "The thinking was ended; the answer follows."
 * @property {string} thinking             "Thinking" (badge of a running answer)
 * @property {string} usingTools           "Using tools" (badge of a running answer)
 * @property {string} waitingForYou        "Waiting for you" (badge of a running answer, about a tool)
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
 * @property {string} stepsBefore          "Steps before the answer"
 * @property {string} toolRunning          "Running, {time}"
 * @property {string} toolWaiting          "{tool} waits for you: allow or refuse it."
 * @property {string} toolFailed           "{tool} failed."
 * @property {string} argumentsNotObject   "The arguments must be one JSON object."
 * @property {string} argumentsNotJson     "This is not valid JSON."
 * @property {string} searchNotThisModel   "{model} does not search the web"
 * @property {string} siteWrong            "“{site}” is no site's name."
 * @property {string} sitesTooMany         "At most {most} sites; the rest are left out."
 * @property {string} toolsNotThisModel    "{model} calls no tools"
 * @property {string} toolsOn              "{count} of {all} tools are on"
 * @property {string} choiceHint           "Also for the next messages of this chat."
 * @property {string} choiceNeedsTools     "Switch a tool on first."
 * @property {string} interpreterNotThisModel "{model} has no code interpreter; it is left out."
 * @property {string} interpreterAlone     "Not together with other tools: switch those off, or this."
 * @property {string} interpreterNotJson   "It needs thinking, and JSON comes without: answer as text, or switch this off."
 * @property {string} interpreterThinks    "The code interpreter works only while the model thinks"
 * @property {string} choiceWhileThinking  "While it thinks, no tool can be forced."
 * @property {string} effortHint           "How hard this model thinks; it takes no budget."
 * @property {string} budgetOff            "Thinking is off, so this is not used."
 * @property {string} budgetHint           "Tokens it may think before answering."
 * @property {string} budgetMost           "Tokens it may think before answering, at most {most}."
 * @property {string} formatHint           "JSON is for programs; a schema says what it holds."
 * @property {string} jsonNotThisModel     "{model} has no JSON mode."
 * @property {string} jsonWithoutThinking  "JSON comes without thinking."
 * @property {string} schemaNotThisModel   "{model} follows no schema."
 * @property {string} jsonSentence         "Answer as JSON."
 * @property {string} answerSchemaNotObject "The schema needs the type “object” and properties."
 * @property {string} answerSchemaTooRich  "This schema says more than the list can…"
 * @property {string} fileWaiting          "Waiting"
 * @property {string} uploadingPercent     "Uploading {percent} %"
 * @property {string} uploadingFile        "Uploading {name}"
 * @property {string} fetchingFile         "Fetching from the web"
 * @property {string} fileChecking         "Checking"
 * @property {string} filePreparing        "Preparing"
 * @property {string} fileReady            "{name} is ready."
 * @property {string} fileFailed           "{name}: {reason}"
 * @property {string} fileRemoved          "{name} removed"
 * @property {string} removeFile           "Remove {name}"
 * @property {string} cancelFile           "Cancel {name}"
 * @property {string} retryFile            "Try again with {name}"
 * @property {string} waysOf               "How {name} is sent"
 * @property {string} wayAutomatic         "Automatic"
 * @property {string} unnamedFile          "file"
 * @property {string} tooManyFiles         "A message takes {limit} files; {count} were left out."
 * @property {string} uploadBroke          "The connection broke. Try again."
 * @property {string} uploadFailed         "The file did not arrive. Try again."
 * @property {string} uploadRefused        "The server refused this file: it is too large."
 * @property {string} fileGone             "This file is not there any more."
 * @property {string} draftFileGone        "{name} is not there any more and was taken out of your draft."
 * @property {string} failedFileFirst      "{name} could not be added. Remove it or try again, then send."
 * @property {string} sendNeedsFiles       "A file failed: remove it or try again first"
 * @property {string} sendWaits            "Files are still on their way; Enter sends when they are ready"
 * @property {string} sendByEnter          "Send (Enter)"
 * @property {string} sendsWhenReady       "Sends when the files are ready"
 * @property {string} notSentYet           "Not sent: a file failed."
 * @property {string} noFolders            "Folders cannot be attached. Choose the files within."
 * @property {string} pastedAsFile         "The long text was attached as {name}."
 * @property {string} undo                 "Undo"
 * @property {string} filesOfQuestion      "Files of this question"
 * @property {string} framesOf             "Frames from {name}"
 * @property {string} everySeconds         "{seconds} s"
 * @property {string} framesRange          "Choose times between 0:00.0 and {end}, the end after the start."
 * @property {string} frameNumber          "Frame {number}"
 * @property {string} frameAt              "Frame at {time}"
 * @property {string} frameCount           "{count} frames"
 * @property {string} oneFrame             "1 frame"
 * @property {string} useFrames            "Use {count} frames"
 * @property {string} useOneFrame          "Use 1 frame"
 * @property {string} aboutTokens          "about {tokens} tokens"
 * @property {string} cropSize             "{width} × {height} pixels are sent, or fewer if the model takes fewer."
 * @property {string} ocrNotThisModel      "{model} does not read texts in pictures. Choose Auto or an OCR model."
 * @property {string} pagesOf              "Pages of {name} (1 to {count})"
 * @property {string} pagesWrong           "Write pages like 1-3,5, up to {last}."
 * @property {string} schemaNotJson        "This is not valid JSON."
 * @property {string} schemaNotObject      "Each field is a hint in quotes, or an object with more fields."
 * @property {string} schemaTooDeep        "Fields can lie within each other up to three levels."
 * @property {string} schemaRowsTooDeep    "These fields lie too deep for the list; they can be changed here."
 * @property {string} schemaNameMissing    "Every field needs a name."
 * @property {string} schemaNameTwice      "“{name}” is there twice."
 * @property {string} emptyFile            "This file is empty…"
 * @property {string} unsupportedType      "Files of this kind cannot be attached…"
 * @property {string} fileTooLarge         "This file is too large: the limit is {limit} MB…"
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
