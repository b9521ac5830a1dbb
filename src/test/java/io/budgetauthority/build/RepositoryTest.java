package io.budgetauthority.build;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// What somebody sees who has just cloned the repository.
class RepositoryTest {

  private static final int LINES_OF_A_SCREEN = 30;
  private static final Pattern BLOCK = Pattern.compile("(?ms)^```(\\w*)\\n(.*?)^```$");

  @Test
  void whenTheRepositoryIsCloned_theMainFilesAreAtItsTop() {
    assertThat(
            List.of("README.md", "pom.xml", "src", "infra", "sam-template.yaml", "localstack")
                .stream()
                .filter(name -> Files.notExists(Path.of(name)))
                .toList())
        .isEmpty();
  }

  @Test
  void whenTheReadmeIsOpened_itsFirstScreenHasTwoCommands() throws IOException {
    List<String> lines = Files.readAllLines(Path.of("README.md"));
    String screen = String.join("\n", lines.subList(0, LINES_OF_A_SCREEN)) + "\n";

    List<String> commands =
        BLOCK
            .matcher(screen)
            .results()
            .filter(block -> !block.group(1).equals("text"))
            .map(block -> block.group(2).strip())
            .toList();

    assertThat(commands).isEqualTo(List.of("./mvnw quarkus:dev", "./mvnw verify"));
  }
}
