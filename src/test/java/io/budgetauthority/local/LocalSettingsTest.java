package io.budgetauthority.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LocalSettingsTest {

  @Test
  void whenNothingIsSet_dataAreInDotLocalAndPortsAreFree() {
    assertThat(from(Map.of())).isEqualTo(LocalSettings.in(Path.of(".local")));
  }

  @Test
  void whenDataIsMemory_noFolderIsUsed() {
    assertThat(from(Map.of("BUDGET_LOCAL_DATA", "memory"))).isEqualTo(LocalSettings.inMemory());
  }

  @Test
  void whenEverySettingIsGiven_allAreRead() {
    LocalSettings all =
        from(
            Map.of(
                "BUDGET_LOCAL_DATA", "kept",
                "BUDGET_LOCAL_DYNAMODB", "http://127.0.0.1:8000",
                "BUDGET_LOCAL_SQS", "http://127.0.0.1:8001",
                "BUDGET_LOCAL_DYNAMODB_PORT", "1",
                "BUDGET_LOCAL_SQS_PORT", "2",
                "BUDGET_LOCAL_S3_PORT", "3",
                "BUDGET_LOCAL_PREFIX", "other"));

    assertThat(all)
        .isEqualTo(
            new LocalSettings(
                Optional.of(Path.of("kept")),
                Optional.of(URI.create("http://127.0.0.1:8000")),
                Optional.of(URI.create("http://127.0.0.1:8001")),
                1,
                2,
                3,
                "other"));
  }

  @ParameterizedTest
  @CsvSource({
    "BUDGET_LOCAL_DYNAMODB, here",
    "BUDGET_LOCAL_SQS, here",
    "BUDGET_LOCAL_DYNAMODB_PORT, 65536",
    "BUDGET_LOCAL_SQS_PORT, -1",
    "BUDGET_LOCAL_S3_PORT, many"
  })
  void whenAValueIsUnreadable_theErrorNamesIt(String name, String value) {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> from(Map.of(name, value)));

    assertThat(String.valueOf(refused.getMessage())).as(refused.getMessage()).contains(name);
  }

  private static LocalSettings from(Map<String, String> environment) {
    return LocalSettings.from(name -> Optional.ofNullable(environment.get(name)));
  }
}
