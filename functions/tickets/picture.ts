/** Wide enough for a phone's screen and for print; at this size a module of the code has 12 pixels. */
const widthPixels = 512

/** A code as a QR picture, PNG. Error correction M: readable with 15 % of it scratched or creased. */
export async function pictureOf(code: string): Promise<Uint8Array<ArrayBuffer>> {
  const { default: qrcode } = await import('qrcode')
  const png = await qrcode.toBuffer(code, {
    type: 'png',
    errorCorrectionLevel: 'M',
    width: widthPixels,
  })
  return new Uint8Array(png)
}
