/** Lowest first. */
export const dialectNames = ['2.0.2', '2.1', '3.0', '3.0.2', '3.1.1'] as const
export type DialectName = (typeof dialectNames)[number]
export const signingModes = ['required', 'enabled'] as const
export type SigningMode = (typeof signingModes)[number]
export const encryptionModes = ['required', 'enabled', 'off'] as const
export type EncryptionMode = (typeof encryptionModes)[number]
export const compressionModes = ['enabled', 'off'] as const
export type CompressionMode = (typeof compressionModes)[number]
export const snapshotTimes = ['utc', 'local'] as const
export type SnapshotTimes = (typeof snapshotTimes)[number]
export const macosModes = ['auto', 'always', 'off'] as const
export type MacosMode = (typeof macosModes)[number]
export const targetNameModes = ['off', 'ifGiven', 'required'] as const
export type TargetNameMode = (typeof targetNameModes)[number]
/** What somebody may do with a share, the least first. */
export const shareRights = ['none', 'read', 'change', 'full'] as const
export type ShareRightName = (typeof shareRights)[number]
export const guestModes = ['true', 'false', 'wrongPassword'] as const
/** LAN Manager authentication levels. */
export const lmLevels = [0, 1, 2, 3, 4, 5] as const
export type LmLevelChoice = (typeof lmLevels)[number]

/** A number that is written in digits alone (and `_` between them) and lies in a range; undefined for all else. */
export function wholeNumber(digits: string, least: number, most: number): number | undefined {
  if (!/^\d+(_\d+)*$/.test(digits)) return undefined
  const number = Number(digits.replaceAll('_', ''))
  return number >= least && number <= most ? number : undefined
}

export const maxPort = 65_535
