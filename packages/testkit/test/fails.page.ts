/** A page that fails outside of its promise, as an uncaught error of an event handler does. */
export default function fails(): Promise<never> {
  setTimeout(() => {
    throw new Error("broken in the page");
  });
  return new Promise(() => {});
}
