// The menu script on ding-dong: node ding_dong_menu.js PORT
const Server = require("ding-dong");
const MENU = ["ANSWER", "GET VARIABLE CALLERID(num)", "SET VARIABLE LINE lavoro", 'STREAM FILE welcome "0123456789"', "GET DATA menu 5000 1",
  'STREAM FILE submenu "0123456789"', "GET DATA submenu 5000 1", "SET VARIABLE QUEUE lavoro", "EXEC Queue lavoro,t,,,300", "HANGUP"];

async function menu(call) {
  await call.onEvent("variables");
  for (const command of MENU) await call.sendCommand(command);
  call.end();
}

new Server((call) => {
  for (const event of ["error", "hangup"]) call.on(event, () => {});
  menu(call).catch(() => {});
}).start(Number(process.argv[2]), "127.0.0.1");
