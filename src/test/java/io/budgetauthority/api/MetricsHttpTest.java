package io.budgetauthority.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.local.LocalCloudResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.net.URI;
import java.util.List;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(LocalCloudResource.class)
class MetricsHttpTest {

  @TestHTTPResource URI base = URI.create("http://unset");

  @Test
  void whenAnAskIsDecided_itsMetricsCanBeScraped() {
    Http.Answer asked = new TestTenant(base).ask(1, 1, null);
    assertThat(asked).hasStatus(200);

    String scraped = new Http(base, null).get("/q/metrics").response().body();

    List<String> decisions =
        scraped.lines().filter(line -> line.startsWith("budget_decisions_total{")).toList();
    assertThat(
            decisions.stream()
                .anyMatch(
                    line ->
                        line.contains("outcome=\"allow\"")
                            && line.contains("mode=\"hard_gate\"")
                            && line.contains("code=\"none\"")))
        .as(scraped)
        .isTrue();
    assertThat(scraped).contains("budget_price_table_age_seconds");
    assertThat(scraped).contains("budget_cold_starts_total");
  }
}
