const NAMES: Readonly<Record<number, string>> = {
  0x0202: '2.0.2',
  0x0210: '2.1',
  0x02ff: '2.?',
  0x0300: '3.0',
  0x0302: '3.0.2',
  0x0311: '3.1.1',
}

/** The lowest dialect of SMB 3, which can seal messages. MS-SMB2 2.2.4. */
export const SMB_3_0 = 0x0300
export const SMB_2_1 = 0x0210
export const SMB_3_1_1 = 0x0311

/** `3.1.1`; for SMB1 `1`. MS-SMB2 2.2.4. */
export const dialectName = (dialect: number | 'NT1'): string =>
  dialect === 'NT1' ? '1' : (NAMES[dialect] ?? `0x${dialect.toString(16).padStart(4, '0')}`)
