/** Limits of observation. Crossing one is counted in `valuesDropped`, never silent. */

/** Values on one call: arguments are short, and one record stays within a few KB on the log. */
export const MAX_CALL_VALUES = 64;
/** Values on one result: a page of a mailbox or a listing. */
export const MAX_RESULT_VALUES = 256;
/** Phrases of plain words taken from a result's instructions. They are not counted as dropped: targets never stand here. */
export const MAX_PHRASES = 48;
/** Values of one intent (≤ 4 KiB of text): its words count too. */
export const MAX_INTENT_VALUES = 128;
/** UTF-8 bytes of an intent that are looked at; the same cut as on the log. */
export const MAX_INTENT_BYTES = 4_096;
/** UTF-8 bytes of the resource as logged. */
export const MAX_RESOURCE_BYTES = 512;
/** UTF-8 bytes of `Value.at`. */
export const MAX_AT_BYTES = 128;
/** Facts per call, and UTF-8 bytes of a textual one. */
export const MAX_FACTS = 8;
export const MAX_FACT_BYTES = 64;
/** Labels per call or result. */
export const MAX_DATA_CLASSES = 32;
/** UTF-16 units of one token; longer runs without a gap are binary data, counted as one dropped value. */
export const MAX_TOKEN_CHARS = 2_048;
/** UTF-16 units of a short text that is a value as a whole. */
export const MAX_TEXT_CHARS = 80;
/** Nesting that is walked; what lies deeper is counted as dropped. */
export const MAX_DEPTH = 64;
/** Text within text (JSON in a JSON string …) that is opened up. */
export const MAX_NESTED_TEXTS = 3;
/** Lines of labels after a sentence that tells the reader to do something which still belong to it. */
export const MOOD_REACH_UNITS = 8;
/** Topics and authors of one intent, UTF-8 bytes of a topic: as on the log. */
export const MAX_INTENT_TOPICS = 96;
export const MAX_INTENT_AUTHORS = 16;
export const MAX_WORD_BYTES = 40;
