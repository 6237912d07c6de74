/** A module with everything it imports, as the text of a program of its own: see extension.config.js. */
declare module '*?bundled' {
  const program: string;
  export default program;
}
