/** Wireshark's names, by the labels of our declarations. */
export type Names = Readonly<Record<string, string>>
