// Remove the token or the provider's response from the address bar before anything large loads. The page itself comes after.
import { openPage } from "./session/signIn";
import { takeTokenFromAddress } from "./session/token";

takeTokenFromAddress();
openPage();
window.addEventListener("hashchange", takeTokenFromAddress);

const { showPage } = await import("./app/App");
showPage(document.getElementById("page")!);
