/** Upper case by UTF-16 unit, as file systems of Windows compare names: only what maps to one other unit changes. */
export function upcase(name: string): string {
  if (/^[ -~]*$/.test(name)) return name.toUpperCase()
  let result = ''
  for (const unit of name.split('')) {
    const upper = unit.toUpperCase()
    result += upper.length === 1 ? upper : unit
  }
  return result
}
