// All that the name `Address` stands for, of the three files that make it.
export * from "./address.ts";
export * from "./address-eth.ts";
export * from "./address-text.ts";
