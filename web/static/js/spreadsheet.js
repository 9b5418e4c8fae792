/** Rows as text that a spreadsheet reads as what they are: no cell of ours is ever taken for a formula. */

/**
 * Comma-separated (RFC 4180), with the mark that tells Excel that it is UTF-8.
 * @param {string[][]} rows
 */
export function csv(rows) {
  return `\uFEFF${rows.map((row) => row.map((cell) => `"${harmless(cell).replaceAll('"', '""')}"`).join(",")).join("\r\n")}\r\n`;
}

/**
 * Tab-separated, for pasting.
 * @param {string[][]} rows
 */
export function tabbed(rows) {
  return rows.map((row) => row.map((cell) => harmless(cell.replace(/\s+/g, " "))).join("\t")).join("\n");
}

/**
 * What begins like a formula gets an apostrophe before it (OWASP, CSV Injection).
 * @param {string} cell
 */
function harmless(cell) {
  return /^\s*[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
}
