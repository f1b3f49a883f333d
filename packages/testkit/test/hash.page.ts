/** Shows what a page module may use: input, a fetched file, a worker, WebCrypto. */
export default async function hash(input: {
  readonly file: string;
  readonly add: number;
  readonly worker: string;
}): Promise<unknown> {
  const bytes = await (await fetch(input.file)).arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const worker = new Worker(input.worker, { type: "module" });
  const doubled = await new Promise((resolve) => {
    worker.onmessage = (event) => resolve(event.data);
    worker.postMessage(input.add);
  });
  worker.terminate();
  return { hex: Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join(""), doubled };
}
