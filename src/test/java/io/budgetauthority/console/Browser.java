package io.budgetauthority.console;

import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Playwright;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/// A Chromium of this machine, driven by Playwright. Both are installed by `packaging/browser`.
/// Without them the tests that need a browser are skipped, unless `-Dbrowser=required` is given.
final class Browser implements ExecutionCondition {

  private static final Path DRIVERS = Path.of("target/browser/driver");

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    Optional<String> missing = missing();
    if (missing.isEmpty()) {
      return ConditionEvaluationResult.enabled("there is a browser");
    }
    String reason =
        "tests in a browser are skipped: there is no " + missing.get() + "; see packaging/browser";
    if ("required".equals(System.getProperty("browser"))) {
      throw new IllegalStateException(reason);
    }
    System.out.println(reason);
    return ConditionEvaluationResult.disabled(reason);
  }

  private static Optional<String> missing() {
    if (chromium().isEmpty()) {
      return Optional.of("Chromium");
    }
    return driver().isEmpty() ? Optional.of("driver of Playwright") : Optional.empty();
  }

  private static Optional<Path> chromium() {
    return Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
        .flatMap(
            folder ->
                Stream.of("chromium", "chromium-browser", "google-chrome")
                    .map(name -> Path.of(folder, name)))
        .filter(Files::isExecutable)
        .findFirst();
  }

  private static Optional<Path> driver() {
    return Stream.of("linux", "linux-arm64", "mac", "mac-arm64")
        .map(DRIVERS::resolve)
        .filter(folder -> Files.isExecutable(folder.resolve("node")))
        .findFirst();
  }

  static Playwright start() {
    System.setProperty("playwright.cli.dir", driver().orElseThrow().toAbsolutePath().toString());
    return Playwright.create(
        new Playwright.CreateOptions()
            .setEnv(java.util.Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
  }

  static com.microsoft.playwright.Browser launch(Playwright playwright) {
    return playwright
        .chromium()
        .launch(
            new BrowserType.LaunchOptions()
                .setExecutablePath(chromium().orElseThrow())
                .setArgs(
                    List.of(
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-quic",
                        "--no-first-run",
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--disable-sync")));
  }
}
