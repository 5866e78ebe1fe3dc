/**
 * Upper case as file systems of Windows compare names (MS-UCODEREF): by UTF-16 unit, and only what has another single
 * unit. A letter outside ASCII never becomes one of ASCII (dotless i and long s are themselves).
 */
export function upcase(name: string): string {
  if (/^[ -~]*$/.test(name)) return name.toUpperCase()
  let result = ''
  for (const unit of name.split('')) {
    const upper = unit.toUpperCase()
    result += upper.length === 1 && (upper > '\x7f' || unit <= '\x7f') ? upper : unit
  }
  return result
}
