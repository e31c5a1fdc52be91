import type { components } from "@octokit/openapi-types";

/** GitHub's answers by the names of its own description. */
export type Schemas = components["schemas"];

/** An issue or pull request as the server keeps it; both share one sequence of numbers. */
export interface IssueRecord {
  readonly number: number;
  title: string;
  body: string | null;
  state: "open" | "closed";
  labels: string[];
  milestone: number | null;
  author: string;
  association: Schemas["author-association"];
  /** Numbers in this repository, or `owner/name#number`. */
  blockedBy: (number | string)[];
  parent: number | null;
  /** The name of its type; null: none. */
  type: string | null;
  /** Values of the organisation's fields by name: of one choice out of several, or numbers. */
  fields: Readonly<Record<string, string | number>>;
  createdAt: string;
  closedAt: string | null;
  /** The last push to a pull request's branch. */
  pushedAt: string | null;
  pull: PullRecord | null;
}

/** When it was last changed. */
export const changedAt = (issue: IssueRecord): string =>
  [issue.createdAt, issue.closedAt, issue.pushedAt].reduce<string>(
    (a, b) => (b && b > a ? b : a),
    "",
  );

export interface PullRecord {
  readonly head: string;
  base: string;
  /** `owner/name` of the fork that the branch lives in; null: this repository; `"deleted"`: a fork that is gone. */
  readonly fork: string | null;
  headSha: string;
  baseSha: string;
  draft: boolean;
  mergedAt: string | null;
  mergeSha: string | null;
  reviewers: string[];
  teams: string[];
}

export interface MilestoneRecord {
  readonly number: number;
  title: string;
  state: "open" | "closed";
  dueOn: string | null;
}

/** What the shapes need to know of the repository. */
export interface Site {
  /** Address of the REST interface. */
  readonly url: string;
  readonly owner: string;
  readonly name: string;
  readonly defaultBranch: string;
  readonly hasIssues: boolean;
  /** The server tells of blocked-by and sub-issue relations. */
  readonly relations: boolean;
  readonly issues: ReadonlyMap<number, IssueRecord>;
  readonly milestones: ReadonlyMap<number, MilestoneRecord>;
}

export function issueShape(site: Site, issue: IssueRecord): Schemas["issue"] {
  const api = `${repoUrl(site)}/issues/${issue.number}`;
  const page = `${site.url}/${site.owner}/${site.name}`;
  const children = [...site.issues.values()].filter((each) => each.parent === issue.number);
  const done = children.filter((each) => each.state === "closed").length;
  const openBlockers = issue.blockedBy.filter(
    (each) => typeof each === "string" || site.issues.get(each)?.state === "open",
  ).length;
  return {
    id: 1000 + issue.number,
    node_id: `I_${issue.number}`,
    url: api,
    repository_url: repoUrl(site),
    labels_url: `${api}/labels{/name}`,
    comments_url: `${api}/comments`,
    events_url: `${api}/events`,
    html_url: `${page}/${issue.pull === null ? "issues" : "pull"}/${issue.number}`,
    number: issue.number,
    title: issue.title,
    body: issue.body,
    state: issue.state,
    user: userShape(site.url, issue.author),
    labels: issue.labels.map((name) => labelShape(site, name)),
    assignee: null,
    assignees: [],
    milestone: milestoneOf(site, issue),
    locked: false,
    comments: 0,
    created_at: issue.createdAt,
    updated_at: changedAt(issue),
    closed_at: issue.closedAt,
    author_association: issue.association,
    type: issue.type === null ? null : typeShape(issue.type),
    issue_field_values: Object.entries(issue.fields).map(([name, value]) =>
      fieldShape(name, value),
    ),
    ...(issue.pull === null
      ? {}
      : {
          pull_request: {
            url: `${repoUrl(site)}/pulls/${issue.number}`,
            html_url: `${page}/pull/${issue.number}`,
            diff_url: `${page}/pull/${issue.number}.diff`,
            patch_url: `${page}/pull/${issue.number}.patch`,
            merged_at: issue.pull.mergedAt,
          },
        }),
    ...(site.relations
      ? {
          parent_issue_url:
            issue.parent === null ? null : `${repoUrl(site)}/issues/${issue.parent}`,
          sub_issues_summary: {
            total: children.length,
            completed: done,
            percent_completed: children.length === 0 ? 0 : (100 * done) / children.length,
          },
          issue_dependencies_summary: {
            blocked_by: openBlockers,
            total_blocked_by: issue.blockedBy.length,
            blocking: 0,
            total_blocking: 0,
          },
        }
      : {}),
  };
}

/** An issue of a repository that this server does not hold, as it shows up among blockers. */
export function foreignIssueShape(site: Site, name: string): Schemas["issue"] {
  const [repo = "", number = "1"] = name.split("#");
  const [owner = "", repoName = ""] = repo.split("/");
  const elsewhere = { ...site, owner, name: repoName, issues: new Map(), milestones: new Map() };
  return issueShape(elsewhere, {
    number: Number(number),
    title: `An issue of ${repo}`,
    body: null,
    state: "open",
    labels: [],
    milestone: null,
    author: owner,
    association: "NONE",
    blockedBy: [],
    parent: null,
    type: null,
    fields: {},
    createdAt: "2026-01-01T00:00:00Z",
    closedAt: null,
    pushedAt: null,
    pull: null,
  });
}

export function pullShape(
  site: Site,
  issue: IssueRecord,
  pull: PullRecord,
): Schemas["pull-request-simple"] {
  const api = `${repoUrl(site)}/pulls/${issue.number}`;
  const page = `${site.url}/${site.owner}/${site.name}/pull/${issue.number}`;
  const issueUrl = `${repoUrl(site)}/issues/${issue.number}`;
  const links = {
    comments: `${issueUrl}/comments`,
    commits: `${api}/commits`,
    statuses: `${repoUrl(site)}/statuses/${pull.headSha}`,
    review_comments: `${api}/comments`,
    review_comment: `${repoUrl(site)}/pulls/comments{/number}`,
  };
  return {
    id: 5000 + issue.number,
    node_id: `PR_${issue.number}`,
    url: api,
    html_url: page,
    diff_url: `${page}.diff`,
    patch_url: `${page}.patch`,
    issue_url: issueUrl,
    comments_url: links.comments,
    commits_url: links.commits,
    statuses_url: links.statuses,
    review_comments_url: links.review_comments,
    review_comment_url: links.review_comment,
    number: issue.number,
    state: issue.state,
    locked: false,
    title: issue.title,
    body: issue.body,
    user: userShape(site.url, issue.author),
    labels: issue.labels.map((name) => ({ ...labelShape(site, name), description: "" })),
    milestone: milestoneOf(site, issue),
    created_at: issue.createdAt,
    updated_at: changedAt(issue),
    closed_at: issue.closedAt,
    merged_at: pull.mergedAt,
    merge_commit_sha: pull.mergeSha,
    assignee: null,
    assignees: [],
    requested_reviewers: pull.reviewers.map((login) => userShape(site.url, login)),
    requested_teams: pull.teams.map((slug) => teamShape(site, slug)),
    head: endShape(site, pull.fork, pull.head, pull.headSha),
    base: endShape(site, null, pull.base, pull.baseSha),
    _links: {
      self: { href: api },
      html: { href: page },
      issue: { href: issueUrl },
      comments: { href: links.comments },
      commits: { href: links.commits },
      statuses: { href: links.statuses },
      review_comments: { href: links.review_comments },
      review_comment: { href: links.review_comment },
    },
    author_association: issue.association,
    auto_merge: null,
    draft: pull.draft,
  };
}

/** The longer shape that GitHub gives for a single pull request. */
export function wholePullShape(
  site: Site,
  issue: IssueRecord,
  pull: PullRecord,
): Schemas["pull-request"] {
  const simple = pullShape(site, issue, pull);
  return {
    ...simple,
    state: issue.state,
    user: userShape(site.url, issue.author),
    head: { ...simple.head, user: userShape(site.url, site.owner) },
    base: { ...simple.base, user: userShape(site.url, site.owner) },
    merged: pull.mergedAt !== null,
    mergeable: true,
    mergeable_state: "clean",
    merged_by: null,
    maintainer_can_modify: false,
    comments: 0,
    review_comments: 0,
    commits: 1,
    additions: 1,
    deletions: 0,
    changed_files: 1,
  };
}

export function repositoryShape(site: Site): Schemas["full-repository"] {
  return {
    ...commonRepository(site, `${site.owner}/${site.name}`),
    has_discussions: false,
    created_at: EPOCH,
    updated_at: EPOCH,
    pushed_at: EPOCH,
    network_count: 0,
    subscribers_count: 0,
  };
}

export const minimalRepositoryShape = (site: Site): Schemas["minimal-repository"] =>
  commonRepository(site, `${site.owner}/${site.name}`);

export function milestoneShape(site: Site, milestone: MilestoneRecord): Schemas["milestone"] {
  const members = [...site.issues.values()].filter((each) => each.milestone === milestone.number);
  const open = members.filter((each) => each.state === "open").length;
  const api = `${repoUrl(site)}/milestones/${milestone.number}`;
  return {
    id: milestone.number,
    node_id: `M_${milestone.number}`,
    url: api,
    html_url: `${site.url}/${site.owner}/${site.name}/milestone/${milestone.number}`,
    labels_url: `${api}/labels`,
    number: milestone.number,
    title: milestone.title,
    description: null,
    state: milestone.state,
    creator: userShape(site.url, site.owner),
    open_issues: open,
    closed_issues: members.length - open,
    due_on: milestone.dueOn,
    closed_at: null,
    created_at: EPOCH,
    updated_at: EPOCH,
  };
}

const typeShape = (name: string): Schemas["issue-type"] => ({
  id: 1,
  node_id: "IT_1",
  name,
  description: null,
});

const fieldShape = (name: string, value: string | number): Schemas["issue-field-value"] => ({
  issue_field_id: 1,
  issue_field_name: name,
  node_id: "IFV_1",
  data_type: typeof value === "number" ? "number" : "single_select",
  value,
  ...(typeof value === "number"
    ? {}
    : { single_select_option: { id: 1, name: value, color: "gray" } }),
});

export const labelShape = (site: Site, name: string): Schemas["label"] => ({
  id: 1,
  node_id: "LA_1",
  url: `${repoUrl(site)}/labels/${encodeURIComponent(name)}`,
  name,
  description: null,
  color: "ededed",
  default: false,
});

export function accountShape(url: string, login: string): Schemas["public-user"] {
  return {
    ...userShape(url, login),
    user_view_type: "public",
    name: null,
    company: null,
    blog: null,
    location: null,
    email: null,
    hireable: null,
    bio: null,
    public_repos: 0,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: EPOCH,
    updated_at: EPOCH,
  };
}

const EPOCH = "2026-01-01T00:00:00Z";

const repoUrl = (site: Site): string => `${site.url}/repos/${site.owner}/${site.name}`;

function milestoneOf(site: Site, issue: IssueRecord): Schemas["nullable-milestone"] {
  const milestone = site.milestones.get(issue.milestone ?? 0);
  return milestone === undefined ? null : milestoneShape(site, milestone);
}

function endShape(site: Site, fork: string | null, ref: string, sha: string) {
  const fullName = fork ?? `${site.owner}/${site.name}`;
  const owner = fullName.split("/")[0] ?? "";
  const extra = {
    has_downloads: true,
    created_at: EPOCH,
    updated_at: EPOCH,
    pushed_at: EPOCH,
  };
  const repo = { ...commonRepository(site, fullName), ...extra };
  return {
    label: `${owner}:${ref}`,
    ref,
    sha,
    user: userShape(site.url, owner),
    // The description knows no null here; GitHub sends it when the fork is gone.
    repo: (fork === "deleted" ? null : repo) as typeof repo,
  };
}

function userShape(url: string, login: string): Schemas["simple-user"] {
  const api = `${url}/users/${login}`;
  return {
    login,
    id: 1,
    node_id: `U_${login}`,
    avatar_url: `${url}/avatars/${login}`,
    gravatar_id: "",
    url: api,
    html_url: `${url}/${login}`,
    followers_url: `${api}/followers`,
    following_url: `${api}/following{/other_user}`,
    gists_url: `${api}/gists{/gist_id}`,
    starred_url: `${api}/starred{/owner}{/repo}`,
    subscriptions_url: `${api}/subscriptions`,
    organizations_url: `${api}/orgs`,
    repos_url: `${api}/repos`,
    events_url: `${api}/events{/privacy}`,
    received_events_url: `${api}/received_events`,
    type: "User",
    site_admin: false,
  };
}

function teamShape(site: Site, slug: string): Schemas["team"] {
  const api = `${site.url}/teams/${slug}`;
  return {
    id: 1,
    node_id: `T_${slug}`,
    name: slug,
    slug,
    description: null,
    permission: "push",
    url: api,
    html_url: `${site.url}/orgs/${site.owner}/teams/${slug}`,
    members_url: `${api}/members{/member}`,
    repositories_url: `${api}/repos`,
    parent: null,
    type: "organization",
  };
}

function commonRepository(site: Site, fullName: string) {
  const [owner = "", name = ""] = fullName.split("/");
  const api = `${site.url}/repos/${fullName}`;
  const page = `${site.url}/${fullName}`;
  const openIssues = [...site.issues.values()].filter((each) => each.state === "open").length;
  return {
    id: 1,
    node_id: "R_1",
    name,
    full_name: fullName,
    owner: userShape(site.url, owner),
    private: false,
    html_url: page,
    description: null,
    fork: false,
    url: api,
    archive_url: `${api}/{archive_format}{/ref}`,
    assignees_url: `${api}/assignees{/user}`,
    blobs_url: `${api}/git/blobs{/sha}`,
    branches_url: `${api}/branches{/branch}`,
    collaborators_url: `${api}/collaborators{/collaborator}`,
    comments_url: `${api}/comments{/number}`,
    commits_url: `${api}/commits{/sha}`,
    compare_url: `${api}/compare/{base}...{head}`,
    contents_url: `${api}/contents/{+path}`,
    contributors_url: `${api}/contributors`,
    deployments_url: `${api}/deployments`,
    downloads_url: `${api}/downloads`,
    events_url: `${api}/events`,
    forks_url: `${api}/forks`,
    git_commits_url: `${api}/git/commits{/sha}`,
    git_refs_url: `${api}/git/refs{/sha}`,
    git_tags_url: `${api}/git/tags{/sha}`,
    hooks_url: `${api}/hooks`,
    issue_comment_url: `${api}/issues/comments{/number}`,
    issue_events_url: `${api}/issues/events{/number}`,
    issues_url: `${api}/issues{/number}`,
    keys_url: `${api}/keys{/key_id}`,
    labels_url: `${api}/labels{/name}`,
    languages_url: `${api}/languages`,
    merges_url: `${api}/merges`,
    milestones_url: `${api}/milestones{/number}`,
    notifications_url: `${api}/notifications{?since,all,participating}`,
    pulls_url: `${api}/pulls{/number}`,
    releases_url: `${api}/releases{/id}`,
    stargazers_url: `${api}/stargazers`,
    statuses_url: `${api}/statuses/{sha}`,
    subscribers_url: `${api}/subscribers`,
    subscription_url: `${api}/subscription`,
    tags_url: `${api}/tags`,
    teams_url: `${api}/teams`,
    trees_url: `${api}/git/trees{/sha}`,
    clone_url: `${page}.git`,
    git_url: `${page}.git`,
    ssh_url: `${page}.git`,
    svn_url: page,
    default_branch: site.defaultBranch,
    forks: 0,
    forks_count: 0,
    has_issues: site.hasIssues,
    has_projects: false,
    has_wiki: false,
    has_pages: false,
    homepage: null,
    language: null,
    archived: false,
    disabled: false,
    mirror_url: null,
    open_issues: openIssues,
    open_issues_count: openIssues,
    license: null,
    size: 0,
    stargazers_count: 0,
    watchers: 0,
    watchers_count: 0,
  };
}
