// @ts-check
// Everything the page does by script, a module each. Pages without a chat use what they have the parts for.

import "./actions.js";
import "./theme.js";
import "./menus.js";
import "./dialogs.js";
import "./scroll.js";
import "./live.js";
import "./conversation.js";
import "./composer.js";
import "./chips.js";
import "./planline.js";
import "./attach.js";
import "./ways.js";
import "./framepicker.js";
import "./cropping.js";
import "./ocr.js";
import "./calls.js";
import "./citations.js";
import "./structured.js";
import "./sharing.js";
import "./messages.js";
import "./editing.js";
import "./codeblocks.js";
import "./recognition.js";
import "./lightbox.js";
import "./waits.js";
import "./older.js";
import "./picker.js";
import "./sidebar.js";
import "./shortcuts.js";
import "./banner.js"; // last: it connects
