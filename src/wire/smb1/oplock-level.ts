/** OplockLevel in the answer to NT_CREATE_ANDX. MS-CIFS 2.2.4.64.2. */
export const Smb1OplockLevel = { NONE: 0, EXCLUSIVE: 1, BATCH: 2, LEVEL_II: 3 } as const

/** NewOplockLevel of LOCKING_ANDX: there is nothing between none and level II. MS-CIFS 2.2.4.32.1. */
export const Smb1NewOplockLevel = { NONE: 0, LEVEL_II: 1 } as const
