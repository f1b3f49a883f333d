import { networks } from "@copse/types";
import { chainNetworkOf, manifestOf, type NetworkChoice } from "../verify/network-choice.ts";
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
    const code = (cid: { toString(): string }): HTMLElement => element("code", {}, cid.toString());
    const { networkName, initialPowerTable } = manifestOf(choice);
    const chain = chainNetworkOf(choice);
    const says: (string | Node)[] = ["What is trusted: "];
    if (chain !== undefined) says.push(`${chain.name} has the genesis `, code(chain.genesisCid), " and drand's keys; ");
    says.push(`F3 of ${networkName} `);
    if (initialPowerTable !== undefined) says.push("starts with power table ", code(initialPowerTable));
    else says.push("names no first power table, so that no F3 snapshot can be verified against it");
    byId("trust").replaceChildren(...says);
  }
}
