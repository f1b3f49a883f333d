import type { FileKind, Progress, Report } from "../verify/report.ts";
import { size, whole } from "../verify/words.ts";
import type { ToldError } from "../worker/messages.ts";
import { element } from "./elements.ts";

/** What can become of a file. */
export type Outcome =
  | { readonly state: "done"; readonly report: Report }
  | { readonly state: "refused"; readonly error: ToldError }
  | { readonly state: "cancelled" };

const kinds: Readonly<Record<FileKind | "manifest" | "unknown", string>> = {
  "f3-snapshot": "F3 snapshot",
  "header-chain": "Header chain",
  "state-proof": "State proof",
  manifest: "F3 manifest",
  unknown: "File",
};

let cards = 0;

/** The card of one file: what it is, how far its check has come, and what came of it. */
export class Card {
  readonly root: HTMLLIElement;
  /** In one line, for those who do not see the card. */
  summary = "";
  readonly #article: HTMLElement;
  readonly #badge: HTMLElement;
  readonly #phase: HTMLElement;
  readonly #bar: HTMLProgressElement;
  readonly #going: HTMLElement;
  readonly #heading: HTMLElement;
  readonly #name: string;

  constructor(file: { readonly name: string; readonly size: number }, kind: keyof typeof kinds, onCancel: () => void) {
    const id = `card-${++cards}`;
    this.#name = file.name;
    this.#heading = element("h3", { id, tabindex: "-1" }, file.name);
    this.#badge = element("span", { class: "badge" }, "Waiting");
    this.#phase = element("span", { class: "phase" }, "waiting");
    this.#bar = element("progress", { "aria-label": `Progress of ${file.name}` });
    const cancel = element("button", { type: "button", "aria-label": `Cancel ${file.name}` }, "Cancel");
    cancel.addEventListener("click", onCancel);
    this.#going = element("div", { class: "going" }, this.#phase, this.#bar, cancel);
    this.#article = element(
      "article",
      { class: "card", "aria-labelledby": id, "aria-busy": "true" },
      element(
        "div",
        { class: "top" },
        element("div", {}, this.#heading, element("span", { class: "kind" }, `${kinds[kind]}, ${size(file.size)}`)),
        this.#badge,
      ),
      this.#going,
    );
    this.root = element("li", {}, this.#article);
  }

  progress({ phase, done, total, unit }: Progress): void {
    const text = unit === "bytes" ? size : whole;
    this.#badge.textContent = "Checking";
    this.#phase.textContent = total > 0 ? `${phase}, ${text(done)} of ${text(total)}` : `${phase}, ${text(done)}`;
    if (total > 0) this.#bar.value = Math.min(1, done / total);
    else this.#bar.removeAttribute("value"); // nobody said how much there is
  }

  end(outcome: Outcome): void {
    const hadFocus = this.#going.contains(document.activeElement);
    this.#going.remove();
    if (hadFocus) this.#heading.focus(); // the button is gone
    this.#article.setAttribute("aria-busy", "false");
    if (outcome.state === "cancelled") {
      this.#say("Cancelled", "cancelled");
    } else if (outcome.state === "refused") {
      const { code, message } = outcome.error;
      this.#article.append(element("p", { class: "error", role: "alert" }, element("code", {}, code), ` ${message}`));
      this.#say("Refused", "refused");
    } else {
      this.#show(outcome.report);
    }
  }

  #show({ verdict, headline, facts, notes }: Report): void {
    const list = element("dl");
    for (const { label, value, form } of facts) {
      list.append(element("dt", {}, label), element("dd", form === "mono" ? { class: "mono" } : {}, value));
    }
    this.#article.append(
      element("p", { class: "headline" }, headline),
      ...notes.map((note) => element("p", { class: "note" }, note)),
      list,
    );
    this.#say(verdict === "verified" ? "Verified" : "Verified in part", verdict);
  }

  #say(badge: string, state: string): void {
    this.#badge.textContent = badge;
    this.#article.classList.add(state);
    this.summary = `${this.#name}: ${badge}`;
  }
}
