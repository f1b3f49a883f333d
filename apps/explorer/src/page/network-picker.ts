import { networks } from "@copse/types";
import { manifestOf, type NetworkChoice } from "../verify/network-choice.ts";
import { byId, element } from "./elements.ts";

const custom = "manifest";

/** The choice of a network, and what trust it comes down to, in words. */
export class NetworkPicker {
  readonly #select = byId<HTMLSelectElement>("network");
  #manifest: string | undefined;

  constructor() {
    for (const { name } of networks) this.#select.append(element("option", { value: name }, name));
    this.#select.addEventListener("change", () => this.#explain());
    this.#explain();
  }

  get choice(): NetworkChoice {
    const { value } = this.#select;
    if (value === custom && this.#manifest !== undefined) return { kind: "manifest", json: this.#manifest };
    return { kind: "network", name: value };
  }

  /** Chooses a public network, where there is one of that name. */
  choose(name: string): void {
    if (!networks.some((known) => known.name === name)) return;
    this.#select.value = name;
    this.#explain();
  }

  /** Chooses the network of a manifest. @returns its name @throws {F3Error} `f3/manifest-malformed` */
  useManifest(json: string): string {
    const { networkName } = manifestOf({ kind: "manifest", json });
    this.#manifest = json;
    this.#select.querySelector(`option[value=${custom}]`)?.remove();
    this.#select.append(element("option", { value: custom }, `${networkName} (manifest)`));
    this.#select.value = custom;
    this.#explain();
    return networkName;
  }

  #explain(): void {
    const { choice } = this;
    const { networkName, initialPowerTable } = manifestOf(choice);
    const table =
      initialPowerTable === undefined
        ? "names no initial power table, so no F3 snapshot can be verified against it"
        : "starts with power table ";
    const code = initialPowerTable && element("code", {}, initialPowerTable.toString());
    byId("trust").replaceChildren(`What is trusted: F3 of ${networkName} ${table}`, ...(code ? [code] : []));
  }
}
