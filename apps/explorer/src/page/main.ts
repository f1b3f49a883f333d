// The page: files in, cards out. Everything that takes time is in the worker.
import { isCopseError } from "@copse/primitives";
import { fileKind, kindBytes } from "../verify/file-kind.ts";
import type { FileKind } from "../verify/report.ts";
import type { ToldError } from "../worker/messages.ts";
import { Card, type Outcome } from "./card.ts";
import { byId, element } from "./elements.ts";
import { fetchFile } from "./fetch-file.ts";
import { NetworkPicker } from "./network-picker.ts";
import { type Job, Session } from "./session.ts";

/** Longest manifest that is read. Unit: bytes. */
const mostManifestBytes = 1 << 20;

const session = new Session();
const picker = new NetworkPicker();

/** What others build on comes first. */
const order: readonly (FileKind | "manifest")[] = ["manifest", "f3-snapshot", "header-chain", "state-proof"];

/** Takes files: a manifest is chosen at once, the others wait for their turn. */
async function take(files: Iterable<File>): Promise<void> {
  const found: { file: File; kind: FileKind | "manifest" }[] = [];
  for (const file of files) {
    try {
      const start = new Uint8Array(await file.slice(0, kindBytes).arrayBuffer());
      found.push({ file, kind: fileKind(start) });
    } catch (error) {
      show(file, "unknown", () => {}).end({ state: "refused", error: told(error) });
    }
  }
  found.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  for (const { file, kind } of found) {
    if (kind === "manifest") await takeManifest(file);
    else enqueue(file, kind);
  }
}

async function takeManifest(file: File): Promise<void> {
  try {
    const networkName = picker.useManifest(await file.slice(0, mostManifestBytes).text());
    say(`The manifest of ${networkName} is chosen`);
  } catch (error) {
    show(file, "manifest", () => {}).end({ state: "refused", error: told(error) });
  }
}

function enqueue(file: File, kind: FileKind): void {
  const card = show(file, kind, () => session.cancel(job));
  const job: Job = {
    file,
    name: file.name,
    kind,
    choice: picker.choice,
    onProgress: (progress) => card.progress(progress),
    onEnd: (outcome) => end(card, outcome),
  };
  session.add(job);
}

function show(file: File, kind: ConstructorParameters<typeof Card>[1], onCancel: () => void): Card {
  const card = new Card(file, kind, onCancel);
  byId("empty").hidden = true;
  byId("list").prepend(card.root);
  return card;
}

function end(card: Card, outcome: Outcome): void {
  card.end(outcome);
  say(card.summary);
}

function say(text: string): void {
  byId("said").textContent = text;
}

function told(error: unknown): ToldError {
  const message = error instanceof Error ? error.message : String(error);
  return { code: isCopseError(error) ? error.code : "error", message };
}

/** Fetches the file that the address names; one of another server only where the user says so. */
function takeAddress(): void {
  const query = new URLSearchParams(location.search);
  picker.choose(query.get("network") ?? "");
  const wanted = query.get("file");
  if (wanted === null) return;
  const url = URL.parse(wanted, location.href);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    byId("offer").replaceChildren(`“${wanted}” is no address of a file.`);
    byId("offer").hidden = false;
  } else if (url.origin === location.origin) {
    void takeUrl(url);
  } else {
    const yes = element("button", { type: "button" }, `Fetch from ${url.host}`);
    yes.addEventListener("click", () => {
      byId("offer").hidden = true;
      void takeUrl(url);
    });
    byId("offer").replaceChildren(element("span", {}, `The address of this page names a file: ${url.href}`), yes);
    byId("offer").hidden = false;
  }
}

async function takeUrl(url: URL): Promise<void> {
  const over = new AbortController();
  const name = url.pathname.split("/").at(-1) || url.host;
  const card = show(new File([], name), "unknown", () => over.abort());
  try {
    const file = await fetchFile(url, (progress) => card.progress(progress), over.signal);
    card.root.remove();
    await take([file]);
  } catch (error) {
    end(card, over.signal.aborted ? { state: "cancelled" } : { state: "refused", error: told(error) });
  }
}

function listen(): void {
  for (const id of ["files", "manifest"]) {
    const input = byId<HTMLInputElement>(id);
    input.addEventListener("change", () => {
      const files = [...(input.files ?? [])];
      input.value = ""; // the same file may be chosen again
      void take(files);
    });
  }
  const drop = byId("drop");
  const over = (isOver: boolean) => (event: DragEvent) => {
    event.preventDefault();
    drop.classList.toggle("over", isOver);
  };
  // Anywhere on the page: a file that misses the field must not replace the page.
  document.addEventListener("dragover", over(true));
  document.addEventListener("dragleave", over(false));
  document.addEventListener("drop", (event) => {
    over(false)(event);
    void take([...(event.dataTransfer?.files ?? [])]);
  });
}

listen();
takeAddress();
