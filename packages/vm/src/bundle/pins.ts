import { type CidBytes, cidKey, fromCid } from "@copse/ipld";
import { CID } from "multiformats/cid";

/** A bundle that the project has published for a network: what the checksum of a bundle is checked against. */
export interface BundlePin {
  /** As bundles call it: `mainnet`, `calibrationnet`, … */
  readonly network: string;
  /** Versions of the actors it stands for; a network may begin a version with the bundle of the one before. */
  readonly versions: readonly number[];
  /** Tag of the release of builtin-actors it is in; unknown of bundles made for a test network alone. */
  readonly release: string | undefined;
  /** CID of its manifest: the only root of its CAR. */
  readonly root: CidBytes;
}

type Row = readonly [network: string, versions: readonly number[], release: string | undefined, root: string];

/** The bundles that lotus has, and the releases its makers took them from. @see lotus:build/builtin_actors_gen.go */
const current: readonly Row[] = [
  ["mainnet", [8], "v8.0.0", "bafy2bzacebogjbpiemi7npzxchgcjjki3tfxon4ims55obfyfleqntteljsea"],
  ["mainnet", [9], "v9.0.3", "bafy2bzaceb6j6666h36xnhksu3ww4kxb6e25niayfgkdnifaqi6m6ooc66i6i"],
  ["mainnet", [10], "v10.0.0", "bafy2bzacecsuyf7mmvrhkx2evng5gnz5canlnz2fdlzu2lvcgptiq2pzuovos"],
  ["mainnet", [11], "v11.0.0", "bafy2bzacecnhaiwcrpyjvzl4uv4q3jzoif26okl3m66q3cijp3dfwlcxwztwo"],
  ["mainnet", [12], "v12.0.0", "bafy2bzaceapkgfggvxyllnmuogtwasmsv5qi2qzhc2aybockd6kag2g5lzaio"],
  ["mainnet", [13], "v13.0.0", "bafy2bzacecdhvfmtirtojwhw2tyciu4jkbpsbk5g53oe24br27oy62sn4dc4e"],
  ["mainnet", [14], "v14.0.0", "bafy2bzacecbueuzsropvqawsri27owo7isa5gp2qtluhrfsto2qg7wpgxnkba"],
  ["mainnet", [15], "v15.0.0", "bafy2bzaceakwje2hyinucrhgtsfo44p54iw4g6otbv5ghov65vajhxgntr53u"],
  ["mainnet", [16], "v16.0.1", "bafy2bzacecnepvsh4lw6pwljobvwm6zwu6mbwveatp7llhpuguvjhjiqz7o46"],
  ["mainnet", [17], "v17.0.0", "bafy2bzaceai74ppsvuxs3nvpzzeuptdr3wl7vmdpbphvtz4qt5hfq2qdfvz3e"],
  ["mainnet", [18, 19], "v18.0.0", "bafy2bzacedxsqapxwj5znwy4leem5gsuenhhfyqcntews3yis5iek67thy6lc"],
  ["calibrationnet", [8], "v8.0.0-rc.1", "bafy2bzacedrdn6z3z7xz7lx4wll3tlgktirhllzqxb766dxpaqp3ukxsjfsba"],
  ["calibrationnet", [9], "v9.0.3", "bafy2bzacedbedgynklc4dgpyxippkxmba2mgtw7ecntoneclsvvl4klqwuyyy"],
  ["calibrationnet", [10], "v10.0.0-rc.1", "bafy2bzaced25ta3j6ygs34roprilbtb3f6mxifyfnm7z7ndquaruxzdq3y7lo"],
  ["calibrationnet", [11], "v11.0.0-rc2", "bafy2bzacedhuowetjy2h4cxnijz2l64h4mzpk5m256oywp4evarpono3cjhco"],
  ["calibrationnet", [12], "v12.0.0", "bafy2bzacednzb3pkrfnbfhmoqtb3bc6dgvxszpqklf3qcc7qzcage4ewzxsca"],
  ["calibrationnet", [13], "v13.0.0", "bafy2bzacect4ktyujrwp6mjlsitnpvuw2pbuppz6w52sfljyo4agjevzm75qs"],
  ["calibrationnet", [14], "v14.0.0", "bafy2bzacebq3hncszqpojglh2dkwekybq4zn6qpc4gceqbx36wndps5qehtau"],
  ["calibrationnet", [15], "v15.0.0", "bafy2bzaceax5zkysst7vtyup4whdxwzlpnaya3qp34rnoi6gyt4pongps7obw"],
  ["calibrationnet", [16], "v16.0.1", "bafy2bzacecqtwq6hjhj2zy5gwjp76a4tpcg2lt7dps5ycenvynk2ijqqyo65e"],
  ["calibrationnet", [17], "v17.0.0", "bafy2bzacecn64rlb52rjsvgopnidz6w42z3zobmjxqek5s4xqjh3ly47rcurg"],
  ["calibrationnet", [18, 19], "v18.0.0", "bafy2bzacebkfatnbe6w4rj7lf6gkjh7mywlrpdh2dj6hu2dl4rmtwksszm2hs"],
  ["butterflynet", [8], undefined, "bafy2bzaceba5qgs4z3imhlxwds5vamahngatvuuglbv5yl3ftfiosj6ud5chs"],
  ["butterflynet", [9], "v9.0.3", "bafy2bzacec35by4erhcdgcsgzp7yb3j57utydlxxfc73m3k5pep67ehvvyv6i"],
  ["butterflynet", [10], "v10.0.0", "bafy2bzaceckjhsggacixv2d377zfdcnuio4hzkveprio3xnhm3gohi3zy3zco"],
  ["butterflynet", [11], "v11.0.0", "bafy2bzaceaiy4dsxxus5xp5n5i4tjzkb7sc54mjz7qnk2efhgmsrobjesxnza"],
  ["butterflynet", [12], "v12.0.0", "bafy2bzacectxvbk77ntedhztd6sszp2btrtvsmy7lp2ypnrk6yl74zb34t2cq"],
  ["butterflynet", [13], "v13.0.0", "bafy2bzacec75zk7ufzwx6tg5avls5fxdjx5asaqmd2bfqdvkqrkzoxgyflosu"],
  ["butterflynet", [14], "v14.0.0", "bafy2bzacecmkqezl3a5klkzz7z4ou4jwqk4zzd3nvz727l4qh44ngsxtxdblu"],
  ["butterflynet", [15], "v15.0.0", "bafy2bzacearjal5rsmzloz3ny7aoju2rgw66wgxdrydgg27thcsazbmf5qihq"],
  ["butterflynet", [16], "v16.0.1", "bafy2bzaceda5lc7qrwp2hdm6s6erppwuydsfqrhbgld7juixalk342inqimbo"],
  ["butterflynet", [17], "v17.0.0", "bafy2bzacedzjwguwuihh4tptzfkkwaj3naamrnklbaixn2wfzqh67twwp56pi"],
  ["butterflynet", [18, 19], "v18.0.0", "bafy2bzacedg3y3ylp3w4bqmfgyiasrikg3bgfibblc7o4gri3b7j7ftgjhyuu"],
  ["caterpillarnet", [8, 9], undefined, "bafy2bzacebsdvrxmdajiyxq2mxxxppvg2zwvqjzz3pgbsxwh6pvdcjofpmnxw"],
  ["caterpillarnet", [10], "v10.0.0", "bafy2bzaceajftd7jawqnwf4kzkotksrwy6ag7mu2apkvypzrrmxboheuum5oi"],
  ["caterpillarnet", [11], "v11.0.0", "bafy2bzacebexc2jgzwr5ngn6jdnkwdqwwmcapajuypdgvopoe6bnvp4yxm4o2"],
  ["caterpillarnet", [12], "v12.0.0", "bafy2bzacebxiub6qsy67asvl5cx33x5vjbuqinalmf3xtnbmokxmmklzdkvei"],
  ["caterpillarnet", [13], "v13.0.0", "bafy2bzacedu7kk2zngxp7y3lynhtaht6vgadgn5jzkxe5nuowtwzasnogx63w"],
  ["caterpillarnet", [14], "v14.0.0", "bafy2bzacecr6g2co4zkdvrsbz2z7wh44o6hrl3rpbgnlhe52772hhjs43vxge"],
  ["caterpillarnet", [15], "v15.0.0", "bafy2bzaceaw24gctg3dx6pzrymhggsp32c7mofjscwnylk4pzsqmilolygwhi"],
  ["caterpillarnet", [16], "v16.0.1", "bafy2bzacedrq643mgak6w3nbmz3wvcgjrirdoq7y6l3xgwijgirffgaxf6yqg"],
  ["caterpillarnet", [17], "v17.0.0", "bafy2bzaceautgoa57hap6oflau5du3d2hwgk45c76muyyxuqaj6amak2znllq"],
  ["caterpillarnet", [18, 19], "v18.0.0", "bafy2bzacebmy7xg5qcvxnlnu7vg32hdmgdn4jqljwnazdeetitesbovnlnctw"],
  ["hyperspace", [8], undefined, "bafy2bzacedvffumcvf72f2btjqvece3kpcdorxq5tq76iwcmqbzvsiu526cqm"],
  ["devnet", [8], "v8.0.0", "bafy2bzacedq7tuibavyqxzkq4uybjj7ly22eu42mjkoehwn5d47xfunmtjm4k"],
  ["devnet", [9], "v9.0.3", "bafy2bzacedozk3jh2j4nobqotkbofodq4chbrabioxbfrygpldgoxs3zwgggk"],
  ["devnet", [10], "v10.0.0", "bafy2bzacebzz376j5kizfck56366kdz5aut6ktqrvqbi3efa2d4l2o2m653ts"],
  ["devnet", [11], "v11.0.0", "bafy2bzaceay35go4xbjb45km6o46e5bib3bi46panhovcbedrynzwmm3drr4i"],
  ["devnet", [12], "v12.0.0", "bafy2bzaceasjdukhhyjbegpli247vbf5h64f7uvxhhebdihuqsj2mwisdwa6o"],
  ["devnet", [13], "v13.0.0", "bafy2bzacecn7uxgehrqbcs462ktl2h23u23cmduy2etqj6xrd6tkkja56fna4"],
  ["devnet", [14], "v14.0.0", "bafy2bzacebwn7ymtozv5yz3x5hnxl4bds2grlgsk5kncyxjak3hqyhslb534m"],
  ["devnet", [15], "v15.0.0", "bafy2bzacedlusqjwf7chvl2ve2fum5noyqrtjzcrzkhpbzpkg7puiru7dj4ug"],
  ["devnet", [16], "v16.0.1", "bafy2bzaceclp3wfrwdjgh6c3gee5smwj3zmmrhb4fdbc4yfchfaia6rlljx5o"],
  ["devnet", [17], "v17.0.0", "bafy2bzaceasvgkke3j4cs3xsxnjswpcdmokkvkiehzxzcgfox3ozlehimbuqk"],
  ["devnet", [18, 19], "v18.0.0", "bafy2bzaced35gjxagazf2fne5dakbok5abmivsh7cq7huwfuptebgwjmcpcf6"],
  ["testing", [8], "v8.0.0", "bafy2bzacedkjpqx27wgsvfxzuxfvixuxtbpt2y6yo6igcasez6gqiowron776"],
  ["testing", [9], "v9.0.3", "bafy2bzacecnnrmekqw2xvud46g3vo6x26cogh3ydgljqajlxqxzzbuxsjlwjm"],
  ["testing", [10], "v10.0.0", "bafy2bzacebsp3bkxwsijenqeimhvhtg52d6o76hn6qhzxveqfq7d5hdd5l2ee"],
  ["testing", [11], "v11.0.0", "bafy2bzacea2vxre32tg3xhpejrktiuzx4d3pcoe7yyazgscfibmegmchr6n42"],
  ["testing", [12], "v12.0.0", "bafy2bzaceaaxd6ytavsek5bi5soqo7qamezuqfyfjy42es2clpbzu3pwzcmye"],
  ["testing", [13], "v13.0.0", "bafy2bzacedg47dqxmtgzjch6i42kth72esd7w23gujyd6c6oppg3n6auag5ou"],
  ["testing", [14], "v14.0.0", "bafy2bzacebgc3zha33w7wggshqjeeomjnxfsqdezpt6e5w4tcqnfp42hvhqyy"],
  ["testing", [15], "v15.0.0", "bafy2bzacedio6qbcgxduz3y2zksor5dgyt3ieiugnugvsz6k2jdzwvugwahag"],
  ["testing", [16], "v16.0.1", "bafy2bzaceazq2v3l6w2vhch76v5y5krsif5zf65ctega6bll6yrsxavwoyrf2"],
  ["testing", [17], "v17.0.0", "bafy2bzaceb2ca5dv47npgrjww4aga4fvlvgykf34b7aq4ti5gfs2qqj2eif4w"],
  ["testing", [18, 19], "v18.0.0", "bafy2bzacece6i7k26rjexzyedrr5qcag7xdntw72tdsealzy6qqdrankk4a7g"],
  ["testing-fake-proofs", [8], "v8.0.0", "bafy2bzacecd3lb5v6tzjylnhnrhexslssyaozy6hogzgpkhztoe76exbrgrug"],
  ["testing-fake-proofs", [9], "v9.0.3", "bafy2bzacecql2gj2tri4fnbznmldue73qzt6zszvugw4exd64mwb52zrhv7k2"],
  ["testing-fake-proofs", [10], "v10.0.0", "bafy2bzacedwap2uuii4luljckrnb4vkur2unb6fyinn7xjie6xlva2wmlygj2"],
  ["testing-fake-proofs", [11], "v11.0.0", "bafy2bzacecojemqglhzzhjnhgtrcbsgkyv67ziytvtbhwlr4ym4oxqofv7zui"],
  ["testing-fake-proofs", [12], "v12.0.0", "bafy2bzacecver4l5d6jiuzubhrtcxjjfdx6jnxbmyp4bselol2atgkhz3e3um"],
  ["testing-fake-proofs", [13], "v13.0.0", "bafy2bzaceaf7fz33sp2i5ag5xg5ompn3dwppqlbwfacrwuvzaqdbqrtni7m5q"],
  ["testing-fake-proofs", [14], "v14.0.0", "bafy2bzacebca2c7r6m47fv5ojbzfgqxw74zxyzphlkxigj75q7vobbe6vm4x4"],
  ["testing-fake-proofs", [15], "v15.0.0", "bafy2bzacea3jtzs4jz75ht3ncdyvabef4spz7w375ja7spp36yy3zwp5ji2wi"],
  ["testing-fake-proofs", [16], "v16.0.1", "bafy2bzaceaauqnw45yfi6lh53gzxzx47tabzh7zart6eqr3eojp72vtzgs6tg"],
  ["testing-fake-proofs", [17], "v17.0.0", "bafy2bzacedws3pjlpe4zm3pkgjvu6uovegk7osexwlpwkevkqulhqqqkic6b2"],
  ["testing-fake-proofs", [18, 19], "v18.0.0", "bafy2bzacebhqxufvuk42n44l2h3ilek5jrp7lgdyapnyu76j5ocgi5koxkh7u"],
];

/** What networks ran, or archives of lotus held, until a better one came. @see lotus:chain/consensus/filcns/upgrades.go */
const former: readonly Row[] = [
  ["butterflynet", [8], "v8.0.0", "bafy2bzacedvaarfyh6q3bk4dyzux46ednlace2ckxp5nbyn6mb3da2apqn6sk"],
  ["caterpillarnet", [8], "v8.0.0", "bafy2bzacecsmunz6fzhg53276cixadn6ybhcnzkgbw3la5hf342tfxsdoet26"],
  ["calibrationnet", [12], "v12.0.0-rc.1", "bafy2bzacedrunxfqta5skb7q7x32lnp4efz2oq7fn226ffm7fu5iqs62jkmvs"],
  ["calibrationnet", [12], "v12.0.0-rc.2", "bafy2bzacebl4w5ptfvuw6746w7ev562idkbf5ppq72e6zub22435ws2rukzru"],
  ["calibrationnet", [13], "v13.0.0-rc.3", "bafy2bzacea4firkyvt2zzdwqjrws5pyeluaesh6uaid246tommayr4337xpmi"],
  ["butterflynet", [16], "v16.0.0", "bafy2bzacedn2h6huw7v2elmmdmpv4phdv4wjwgct7kcrrtdgz7jkjdm6uwa6k"],
  ["calibrationnet", [16], "v16.0.0", "bafy2bzacebc7zpsrihpyd2jdcvmegbbk6yhzkifre3hxtoul5wdxxklbwitry"],
  ["devnet", [16], "v16.0.0", "bafy2bzaceafzrqb6adck3o3mbyd33gtp2272f577hidqyo7cszg2ksn5sebh2"],
  ["testing", [16], "v16.0.0", "bafy2bzacea35za4a3ljlupfn2wxdzwz5py6vbu267s5p4p4uvdoqyhhggbbfq"],
  ["testing-fake-proofs", [16], "v16.0.0", "bafy2bzacec4tth5r62ny75wt27tyzgzc4nc3zte6cxainlrxs54g7yvmlezs4"],
];

/**
 * Every published bundle that is known, those in use first.
 *
 * @example
 * bundlePins.length // => 87
 */
export const bundlePins: readonly BundlePin[] = [...current, ...former].map(([network, versions, release, root]) => ({
  network,
  versions,
  release,
  root: fromCid(CID.parse(root)),
}));

const byRoot: ReadonlyMap<string, BundlePin> = new Map(bundlePins.map((pin) => [cidKey(pin.root), pin]));

/**
 * What is known of the bundle with this root; `undefined` for one that nobody has published.
 *
 * @example
 * pinOfRoot(bundle.root)?.release // => "v18.0.0"
 */
export function pinOfRoot(root: CidBytes): BundlePin | undefined {
  return byRoot.get(cidKey(root));
}

/**
 * The bundle in use for a network and a version of the actors.
 *
 * @example
 * pinOf("mainnet", 18)?.release // => "v18.0.0"
 */
export function pinOf(network: string, version: number): BundlePin | undefined {
  return bundlePins.find((pin) => pin.network === network && pin.versions.includes(version));
}
