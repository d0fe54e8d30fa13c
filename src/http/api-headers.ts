/** The security headers. Few on the API's answers, which no browser renders; the rest of them on
 *  the pages. */

/** On every answer of the API: it is nobody's to keep, and JSON stays JSON. */
export const apiHeaders = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
} as const;

/** On what is not in a hurry: whoever opens an answer in a browser gets a page that may do
 *  nothing. */
export const lockedDownHeaders = {
  ...apiHeaders,
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
} as const;
