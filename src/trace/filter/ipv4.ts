/** An IPv4 address as a number; undefined for what is none. */
export function ipv4Number(text: string): number | undefined {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) return undefined
  const parts = text.split('.').map(Number)
  return parts.some((part) => part > 255) ? undefined : parts.reduce((number, part) => number * 256 + part, 0)
}
