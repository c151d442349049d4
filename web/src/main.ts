// The token leaves the address bar before anything large is loaded; the page itself comes after.
import { takeTokenFromAddress } from "./token";

takeTokenFromAddress();
window.addEventListener("hashchange", takeTokenFromAddress);

const { showPage } = await import("./page");
showPage(document.getElementById("page")!);
