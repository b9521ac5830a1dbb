package io.budgetauthority.console;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.deque.html.axecore.playwright.AxeBuilder;
import com.deque.html.axecore.results.Rule;
import com.fasterxml.jackson.databind.JsonNode;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Clock;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.Response;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.ColorScheme;
import io.budgetauthority.local.LocalCloudResource;
import io.budgetauthority.money.MicroUsd;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.math.BigDecimal;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// The console's screens in a browser, on the running service. `-Dscreenshots` writes the pictures
/// of docs/console.md.
@ExtendWith(Browser.class)
@QuarkusTest
@TestProfile(MovingClock.Profile.class)
@QuarkusTestResource(LocalCloudResource.class)
class ConsoleTest {

  private static final long SEED = 25;
  private static final int CALLS = 120;

  private static Playwright playwright;
  private static com.microsoft.playwright.Browser browser;
  private static @Nullable Traffic shared;

  @TestHTTPResource URI base = URI.create("http://unset");

  /// What every test reads and none changes.
  private Traffic traffic;

  private BrowserContext context;
  private Page page;

  /// What the browser complained about: scripts that failed, and what the policy of the page
  /// refused.
  private final List<String> complaints = new ArrayList<>();

  @BeforeAll
  static void launch() {
    playwright = Browser.start();
    browser = Browser.launch(playwright);
  }

  @AfterAll
  static void close() {
    shared = null;
    playwright.close();
  }

  @BeforeEach
  void open() {
    if (shared == null) {
      Traffic made = new Traffic(base, SEED, "acme");
      made.runForAnHour(CALLS);
      made.awaitStream();
      shared = made;
    }
    traffic = shared;
    open(ColorScheme.LIGHT);
  }

  private void open(ColorScheme scheme) {
    context =
        browser.newContext(
            new com.microsoft.playwright.Browser.NewContextOptions()
                .setColorScheme(scheme)
                .setViewportSize(1280, 900));
    context.clock().install(new Clock.InstallOptions().setTime(MovingClock.CLOCK.millis()));
    page = context.newPage();
    page.setDefaultTimeout(15_000);
    page.onPageError(complaints::add);
    page.onConsoleMessage(
        message -> {
          if (message.type().equals("error")
              && !message.text().contains("Failed to load resource")) {
            complaints.add(message.text());
          }
        });
  }

  @AfterEach
  void closePage() {
    context.close();
    assertThat(complaints).isEmpty();
  }

  private String address(String path) {
    return base.toString().replaceAll("/$", "") + path;
  }

  private void signIn(String path, String secret) {
    page.navigate(address(path));
    page.getByLabel("API key").fill(secret);
    page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName("Sign in").setExact(true))
        .click();
    assertThat(page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName("Sign out")))
        .isVisible();
  }

  private Locator heading(String text) {
    return page.getByRole(
        AriaRole.HEADING, new Page.GetByRoleOptions().setName(text).setLevel(1).setExact(true));
  }

  private void click(String button) {
    page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName(button).setExact(true))
        .click();
  }

  private void follow(String link) {
    page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName(link).setExact(true))
        .first()
        .click();
  }

  /// Each screen, with the name of its picture; empty for one that has none.
  private Map<String, String> screens() {
    String refused =
        traffic
            .admin
            .get("/budget/decisions?outcome=refused&limit=1")
            .json()
            .at("/items/0/decision_id")
            .asText();
    Map<String, String> screens = new LinkedHashMap<>();
    screens.put("", "overview");
    screens.put("/budgets", "budgets");
    screens.put("/budgets?scope=user&id=ada", "");
    screens.put("/runs", "runs");
    screens.put("/runs/" + traffic.runs.getFirst(), "run");
    screens.put("/decisions", "decisions");
    screens.put("/decisions/" + refused, "decision");
    screens.put("/spend", "spend");
    screens.put("/holds", "holds");
    screens.put("/prices?model=claude-sonnet-4-5", "prices");
    screens.put("/prices?model=claude-sonnet", "");
    screens.put("/keys", "keys");
    screens.put("/policy", "policy");
    screens.put("/audit", "audit");
    screens.put("/dead-letters", "");
    screens.put("/nowhere", "");
    return screens;
  }

  private void picture(String name) {
    if (Boolean.getBoolean("screenshots") || "".equals(System.getProperty("screenshots"))) {
      page.waitForTimeout(500);
      page.screenshot(
          new Page.ScreenshotOptions().setPath(Path.of("docs/images/console-" + name + ".png")));
    }
  }

  @Test
  void whenTheRootIsOpened_theBrowserIsLedToTheConsole() {
    Response response = page.navigate(address("/"));

    assertThat(page.url()).isEqualTo(address("/console"));
    assertThat(response.headerValue("content-security-policy"))
        .contains("default-src 'none'")
        .doesNotContain("unsafe");
    assertThat(response.headerValue("cache-control")).isEqualTo("no-cache");
    assertThat(heading("Sign in")).isVisible();
  }

  @Test
  void whenADemoKeyIsClicked_theOverviewIsShown() {
    page.navigate(address("/console"));

    click("admin");

    assertThat(heading("Overview")).isVisible();
    assertThat(page.url()).doesNotContain("bak_");
    page.reload();
    assertThat(heading("Overview")).isVisible();
    click("Sign out");
    assertThat(heading("Sign in")).isVisible();
  }

  @Test
  void whenTheKeyIsWrong_theReasonIsShown() {
    page.navigate(address("/console"));
    page.getByLabel("API key").fill("bak_of_nobody");
    click("Sign in");

    assertThat(page.getByRole(AriaRole.ALERT)).containsText("the API key is not known");
    assertThat(heading("Sign in")).isVisible();
  }

  @Test
  void whenAnyScreenIsShown_axeFindsNothingInBothThemes() {
    for (ColorScheme scheme : List.of(ColorScheme.LIGHT, ColorScheme.DARK)) {
      context.close();
      open(scheme);
      signIn("/console", traffic.adminSecret);
      for (Map.Entry<String, String> shown : screens().entrySet()) {
        String screen = shown.getKey();
        page.navigate(address("/console" + screen));
        page.locator("h1").waitFor();
        assertThat(page.locator(".loading")).hasCount(0);
        List<String> found =
            axe(scheme).analyze().getViolations().stream().map(rule -> describe(rule)).toList();
        assertThat(found).as(scheme + " " + screen).isEmpty();
        if (!shown.getValue().isEmpty() && scheme == ColorScheme.LIGHT) {
          picture(shown.getValue());
        }
      }
    }
  }

  /// Every rule in the light theme. The dark one has the same elements in other colours.
  private AxeBuilder axe(ColorScheme scheme) {
    AxeBuilder axe = new AxeBuilder(page);
    return scheme == ColorScheme.LIGHT ? axe : axe.withRules(List.of("color-contrast"));
  }

  private static String describe(Rule rule) {
    return rule.getId() + ": " + rule.getNodes().getFirst().getHtml();
  }

  @Test
  void whenTheOverviewIsShown_itsSumsAreTheLedgers() {
    signIn("/console", traffic.adminSecret);
    JsonNode tenant = account("tenant");

    assertThat(tile("month")).hasAttribute("data-usd", tenant.path("committed_usd").asText());
    assertThat(tile("today")).hasAttribute("data-usd", tenant.path("committed_usd").asText());
    assertThat(page.locator("[data-tile=held] .money"))
        .hasText(written(tenant.path("reserved_usd").asText()));
    assertThat(page.getByRole(AriaRole.HEADING, named("What needs attention"))).isVisible();
    // Ada's budget is small, so her calls are refused.
    assertThat(page.locator(".attention")).containsText("user ada");
  }

  private Locator tile(String name) {
    return page.locator("[data-tile=" + name + "] .big .money");
  }

  private static Page.GetByRoleOptions named(String name) {
    return new Page.GetByRoleOptions().setName(name);
  }

  private JsonNode account(String scope) {
    return traffic.admin.get("/budget/accounts?scope=" + scope).json().path("items").path(0);
  }

  private static String written(String usd) {
    BigDecimal amount = new BigDecimal(usd).stripTrailingZeros();
    return "$" + amount.setScale(Math.max(2, amount.scale())).toPlainString();
  }

  @Test
  void whenBudgetsAreShown_eachRowIsTheLedgers() {
    signIn("/console/budgets", traffic.adminSecret);
    JsonNode accounts = traffic.admin.get("/budget/accounts?limit=200").json().path("items");
    assertThat(accounts).hasSizeGreaterThan(3);

    for (JsonNode account : accounts) {
      Locator row =
          page.locator(
              "[data-account='%s/%s/%s']"
                  .formatted(
                      account.path("scope").asText(),
                      account.path("id").asText(),
                      account.path("window").asText()));
      Locator amounts = row.locator(".money");
      List<String> expected =
          List.of("committed_usd", "reserved_usd", "remaining_usd", "limit_usd");
      for (int i = 0; i < expected.size(); i++) {
        assertThat(amounts.nth(i)).hasAttribute("data-usd", account.path(expected.get(i)).asText());
      }
    }
  }

  @Test
  void whenSpendIsShown_itsTotalIsTheLedgers() {
    signIn("/console/spend?by=user", traffic.adminSecret);

    assertThat(page.locator("[data-total=spend] .money"))
        .hasAttribute("data-usd", account("tenant").path("committed_usd").asText());
    MicroUsd shown = MicroUsd.ZERO;
    for (String amount :
        (List<String>)
            page.evaluate(
                "[...document.querySelectorAll('table .money')].map(it => it.dataset.usd)")) {
      shown = shown.plus(MicroUsd.parse(amount));
    }
    assertThat(shown).isEqualTo(MicroUsd.parse(account("tenant").path("committed_usd").asText()));
  }

  @Test
  void whenARunIsShown_itsTreeAndSumsAreTheLedgers() {
    String run = traffic.runs.getFirst();
    signIn("/console/runs/" + run, traffic.adminSecret);
    JsonNode parent = traffic.admin.get("/budget/runs/" + run).json();

    Locator sums = page.locator("[data-run='" + run + "'].card .sums .money");
    assertThat(sums.nth(0)).hasAttribute("data-usd", parent.path("committed_usd").asText());
    assertThat(sums.nth(1)).hasAttribute("data-usd", parent.path("reserved_usd").asText());
    String child = traffic.runs.getLast();
    JsonNode ofChild = traffic.admin.get("/budget/runs/" + child).json();
    assertThat(page.locator("tr[data-run='" + child + "'] .money").first())
        .hasAttribute("data-usd", ofChild.path("committed_usd").asText());

    follow(child);
    assertThat(heading("Run " + child)).isVisible();
    page.goBack();
    assertThat(heading("Run " + run)).isVisible();
  }

  @Test
  void whenARefusalIsFollowed_theReasonAndRemediesAreShown() {
    signIn("/console", traffic.adminSecret);

    page.getByRole(AriaRole.LINK, named("why")).first().click();

    assertThat(page.getByText("Why it was refused")).isVisible();
    assertThat(page.getByText("has", new Page.GetByTextOptions().setExact(false)).first())
        .isVisible();
    assertThat(page.getByText("What would have helped:")).isVisible();
  }

  @Test
  void whenALimitIsRaised_theLedgerHasIt() {
    Traffic own = new Traffic(base, SEED);
    signIn("/console/budgets", own.adminSecret);

    click("Change user ada day");
    page.getByLabel("Limit in USD").fill("2.75");
    click("Save");

    assertThat(page.getByRole(AriaRole.STATUS)).containsText("$2.75");
    assertThat(own.admin.get("/budget/ceilings/user/ada/day").text("limit_usd")).isEqualTo("2.75");
  }

  @Test
  void whenARateIsAdded_theLedgerHasItAndItsRowIsShown() {
    Traffic own = new Traffic(base, SEED);
    signIn("/console/budgets", own.adminSecret);

    click("New budget");
    page.locator("#field-new-id").fill("grace");
    page.locator("#field-window").selectOption("rate");
    page.locator("#field-rate-name").fill("fast");
    page.getByLabel("Limit in USD").fill("0.50");
    page.getByLabel("Seconds").fill("60");
    page.getByLabel("Burst in USD").fill("2.00");
    click("Save");

    assertThat(page.getByRole(AriaRole.STATUS)).containsText("$0.50");
    JsonNode rate = own.admin.get("/budget/ceilings/user/grace/rate:fast").json();
    assertThat(rate.path("period_seconds").asInt()).isEqualTo(60);
    assertThat(rate.path("burst_usd").asText()).isEqualTo("2.00");
    Locator row = page.locator("[data-account='user/grace/rate:fast']");
    assertThat(row).containsText("$0.50 in 60 s");
    assertThat(row).containsText("whole");
    click("Change user grace rate:fast");
    assertThat(page.getByLabel("Seconds")).hasValue("60");
    assertThat(page.getByText("More for a while")).hasCount(0);
  }

  @Test
  void whenMoneyIsGivenForAWhile_theLedgerHasItUntilItIsTaken() {
    Traffic own = new Traffic(base, SEED);
    signIn("/console/budgets", own.adminSecret);

    click("Change user ada day");
    page.getByLabel("Amount in USD").fill("1.25");
    page.getByLabel("Reason").fill("the release");
    click("Give");

    assertThat(page.getByRole(AriaRole.STATUS)).containsText("1.25 USD more for a while");
    assertThat(own.admin.get("/budget/accounts?scope=user&id=ada").json().at("/items/0/limit_usd"))
        .hasToString("\"3.65\"");

    click("Change user ada day");
    assertThat(page.getByText("the release")).isVisible();
    click("Take away");

    assertThat(page.getByRole(AriaRole.STATUS)).containsText("is taken away");
    assertThat(own.admin.get("/budget/accounts?scope=user&id=ada").json().at("/items/0/limit_usd"))
        .hasToString("\"2.40\"");
  }

  @Test
  void whenALimitWasChangedMeanwhile_theSecondChangeIsRefused() {
    Traffic own = new Traffic(base, SEED);
    signIn("/console/budgets", own.adminSecret);

    click("Change user ada day");
    assertThat(page.getByLabel("Limit in USD")).hasValue("2.40");
    assertThat(own.admin.send("PUT", "/budget/ceilings/user/ada/day", "{\"limit_usd\": \"3.00\"}"))
        .hasStatus(200);
    page.getByLabel("Limit in USD").fill("2.75");
    click("Save");

    assertThat(page.getByRole(AriaRole.ALERT)).isVisible();
    assertThat(own.admin.get("/budget/ceilings/user/ada/day").text("limit_usd")).isEqualTo("3.00");
  }

  @Test
  void whenARunIsStopped_itIsClosed() {
    Traffic own = new Traffic(base, SEED);
    own.run(10);
    String run = own.runs.getFirst();
    signIn("/console/runs/" + run, own.adminSecret);

    click("Stop the run");
    click("Stop it");

    assertThat(page.getByText("The run is closed.")).isVisible();
    assertThat(own.admin.get("/budget/runs/" + run).text("state")).isEqualTo("closed");
  }

  @Test
  void whenAModelIsSearched_itsPriceIsKnownOrNot() {
    signIn("/console/prices", traffic.adminSecret);

    page.getByLabel("Model").first().fill("claude-haiku-4-5");
    click("Is its price known?");
    assertThat(page.locator("[data-known=yes]")).containsText("0.000005");

    page.getByLabel("Model").first().fill("no-such-model");
    click("Is its price known?");
    assertThat(page.locator("[data-known=no]")).containsText("refused");
  }

  @Test
  void whenAHoldIsReleased_itLeavesTheList() {
    Traffic own = new Traffic(base, SEED);
    own.run(30);
    own.awaitStream();
    int open = own.admin.get("/budget/holds?limit=200").json().path("items").size();
    assertThat(open).isGreaterThan(0);
    signIn("/console/holds", own.adminSecret);
    Locator rows = page.locator("tbody tr");
    assertThat(rows).hasCount(open);

    page.getByRole(AriaRole.BUTTON, named("Release")).first().click();
    page.getByLabel("Reason").fill("the agent is gone");
    page.locator("form button.danger").click();

    assertThat(page.getByText("The hold is free.")).isVisible();
    assertThat(own.admin.get("/budget/audit").json().at("/items/0/to/reason").asText())
        .isEqualTo("the agent is gone");
    assertThat(rows).hasCount(open - 1);
  }

  @Test
  void whenADeadLetterIsSentAgain_theScreenSaysSo() {
    Traffic own = new Traffic(base, SEED);
    own.sendDeadLetter(
        """
        {"type": "release", "tenant_id": "%s", "reservation_id": "rsv_1", "sent_at": "soon"}
        """
            .formatted(own.tenant));
    signIn("/console", own.adminSecret);
    follow("1 message");
    assertThat(heading("Dead letters")).isVisible();
    assertThat(page.locator("tbody th")).containsText("sent_at");

    click("Send again");

    assertThat(page.getByText("The message is on the usage queue again.")).isVisible();
  }

  @Test
  void whenAKeyIsMade_itsSecretIsShownOnce() {
    Traffic own = new Traffic(base, SEED);
    signIn("/console/keys", own.adminSecret);

    page.getByLabel("Role").selectOption("viewer");
    click("New key");
    String secret = page.locator("code.secret").textContent();
    click("I have it");

    assertThat(new io.budgetauthority.api.Http(base, secret).get("/budget/policy")).hasStatus(200);
    assertThat(page.content()).doesNotContain(secret);
  }

  @Test
  void whenThePolicyIsChanged_theServiceHasIt() {
    Traffic own = new Traffic(base, SEED);
    signIn("/console/policy", own.adminSecret);

    page.getByLabel("Mode", new Page.GetByLabelOptions().setExact(true)).selectOption("soft_gate");
    click("Save");

    assertThat(page.getByText("The policy is saved.")).isVisible();
    assertThat(own.admin.get("/budget/policy").text("mode")).isEqualTo("soft_gate");
  }

  @Test
  void whenAPolicyIsTried_itsDifferencesAreShown() {
    signIn("/console/policy", traffic.adminSecret);

    page.getByLabel("Mode", new Page.GetByLabelOptions().setExact(true))
        .selectOption("advisory_estimate");
    click("What if?");

    assertThat(page.getByText("decisions would be another")).isVisible();
    assertThat(page.getByRole(AriaRole.ROW, named("advisory warn")).first()).isVisible();
    assertThat(traffic.admin.get("/budget/policy").text("mode")).isEqualTo("hard_gate");
  }

  /// The tasks of docs/console.md, each begun at the overview, by the links and buttons that a
  /// person would use.
  @Test
  void whenAPersonHasFiveTasks_eachIsAFewClicksAway() {
    Traffic own = new Traffic(base, SEED);
    own.run(CALLS);
    own.awaitStream();
    signIn("/console", own.adminSecret);

    // Why was this agent refused?
    page.getByRole(AriaRole.LINK, named("why")).first().click();
    assertThat(page.getByText("What would have helped:")).isVisible();

    // Raise its limit for today.
    follow("budget-authority");
    page.locator(".attention").getByRole(AriaRole.LINK, link("user ada")).first().click();
    click("Change user ada day");
    page.getByLabel("Limit in USD").fill("9.00");
    click("Save");
    assertThat(page.getByRole(AriaRole.STATUS)).containsText("$9.00");

    // Who spent most this week?
    follow("budget-authority");
    follow("Spend");
    String first = page.locator("tbody th").first().textContent().strip();
    assertThat(first)
        .isEqualTo(
            own.admin
                .get("/budget/attribution?group_by=user")
                .json()
                .path("items")
                .path(0)
                .path("user_id")
                .asText());

    // Stop a run.
    follow("budget-authority");
    follow("Runs");
    String run = own.runs.get(1);
    follow(run);
    click("Stop the run");
    click("Stop it");
    assertThat(page.getByText("The run is closed.")).isVisible();

    // Is the price of a model known?
    follow("budget-authority");
    follow("Prices");
    page.getByLabel("Model").first().fill("gpt-4o-mini");
    click("Is its price known?");
    assertThat(page.locator("[data-known=yes]")).isVisible();
  }

  private static Locator.GetByRoleOptions link(String name) {
    return new Locator.GetByRoleOptions().setName(name).setExact(true);
  }

  @Test
  void whenAnOperatorSignsIn_tenantsAndPriceTablesAreShown() {
    signIn("/console", "bak_demo_operator");
    assertThat(heading("Prices")).isVisible();
    follow("Tenants");
    assertThat(heading("Tenants")).isVisible();
    follow("Dead letters");
    assertThat(heading("Dead letters")).isVisible();
    assertThat(page.getByRole(AriaRole.LINK, named("Spend"))).hasCount(0);
  }

  @Test
  void whenAnAgentSignsIn_itSeesItsOwnScreens() {
    signIn("/console", "bak_demo_agent");
    assertThat(heading("Budgets")).isVisible();
    assertThat(page.getByRole(AriaRole.LINK, named("Audit"))).hasCount(0);
  }

  @Test
  void whenTheScreenIsAPhone_nothingIsCutOff() {
    page.setViewportSize(390, 844);
    signIn("/console", traffic.adminSecret);
    for (String screen : List.of("", "/budgets", "/runs", "/decisions", "/spend", "/policy")) {
      page.navigate(address("/console" + screen));
      assertThat(page.locator(".loading")).hasCount(0);
      assertThat(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))
          .as(screen)
          .isEqualTo(true);
    }
  }

  @Test
  void whenTheTabIsHidden_nothingIsAsked() {
    signIn("/console", traffic.adminSecret);
    assertThat(tile("today")).isVisible();
    page.waitForRequest("**/budget/accounts*", () -> page.clock().runFor(20_000));
    List<String> asked = new ArrayList<>();

    page.evaluate(
        """
        Object.defineProperty(document, 'hidden', {get: () => true, configurable: true});
        document.dispatchEvent(new Event('visibilitychange'));
        """);
    page.onRequest(request -> asked.add(request.url()));
    page.clock().runFor(200_000);
    page.evaluate("1");

    assertThat(asked).isEmpty();
  }
}
