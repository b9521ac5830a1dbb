package io.budgetauthority.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
    assertEquals(LocalSettings.in(Path.of(".local")), from(Map.of()));
  }

  @Test
  void whenDataIsMemory_noFolderIsUsed() {
    assertEquals(LocalSettings.inMemory(), from(Map.of("BUDGET_LOCAL_DATA", "memory")));
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

    assertEquals(
        new LocalSettings(
            Optional.of(Path.of("kept")),
            Optional.of(URI.create("http://127.0.0.1:8000")),
            Optional.of(URI.create("http://127.0.0.1:8001")),
            1,
            2,
            3,
            "other"),
        all);
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

    assertTrue(String.valueOf(refused.getMessage()).contains(name), refused.getMessage());
  }

  private static LocalSettings from(Map<String, String> environment) {
    return LocalSettings.from(name -> Optional.ofNullable(environment.get(name)));
  }
}
