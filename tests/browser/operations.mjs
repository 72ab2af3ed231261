// Opens the page at the address given and prints, as JSON, the operations that it shows, what it asked for, and its errors.
import chromium from "@sparticuz/chromium";
import { chromium as playwright } from "playwright-core";

const [address] = process.argv.slice(2);
const browser = await playwright.launch({ executablePath: await chromium.executablePath(), args: chromium.args });
try {
  const page = await browser.newPage();
  const asked = [];
  const errors = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(address);
  await page.locator(".opblock").first().waitFor();
  const shown = await page.locator(".opblock").evaluateAll((blocks) =>
    blocks.map((block) => [
      block.querySelector(".opblock-summary-method").textContent,
      block.querySelector(".opblock-summary-path").dataset.path,
    ]),
  );
  await page.locator(".opblock-summary").first().click();
  await page.locator(".opblock-body").first().waitFor();
  console.log(JSON.stringify({ shown, asked, errors }));
} finally {
  await browser.close();
}
